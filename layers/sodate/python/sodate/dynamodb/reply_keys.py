"""Key strings of replies and of other email that came in."""

from datetime import UTC, datetime

from sodate.dynamodb.keys import stamp

REPLIES = "REPLY#"
_TEXTS = "REPLYTEXT#"
_COUNTS = "REPLYCOUNT#"


def reply(key: str) -> str:
    """Of a lead."""
    return f"{REPLIES}{key}"


def key_of_reply(sk: str) -> str:
    return sk.removeprefix(REPLIES)


def reply_text(key: str) -> str:
    """Of a lead; only where the playbook stores texts."""
    return f"{_TEXTS}{key}"


def reply_count(at: datetime) -> str:
    """Of a lead, or of the list of a month."""
    return f"{_COUNTS}{at.astimezone(UTC):%Y-%m-%d}"


def listed_replies(at: datetime) -> str:
    """What a person has to look at, of one month."""
    return f"REPLIES#{at.astimezone(UTC):%Y-%m}"


def listed_reply(at: datetime, key: str) -> str:
    return f"{stamp(at)}#{key}"


def key_of_listed_reply(sk: str) -> str:
    return sk.partition("#")[2]
