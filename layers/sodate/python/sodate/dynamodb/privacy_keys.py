"""Key strings of the room `privacy`: who looked at a lead, merged leads, and requests of leads about their own data."""

from datetime import datetime

from sodate.dynamodb.keys import stamp

ACCESSES = "ACCESS#"
MERGES = "MERGE#"
REQUESTS = "PRIVACY#requests"
REVIEW = "PRIVACY#review"


def access(at: datetime, key: str) -> str:
    return f"{ACCESSES}{stamp(at)}#{key}"


def erasures_of_day(because: str, at: datetime) -> str:
    """Beside the position of the review. The day is one of UTC, as of all keys."""
    return f"DAY#{stamp(at)[:10]}#{because}"


def merge(merged_lead_id: str) -> str:
    """In the partition of the lead that stays."""
    return f"{MERGES}{merged_lead_id}"


def merged_lead_of(sk: str) -> str:
    """Of the key that `merge` makes."""
    return sk.removeprefix(MERGES)


def privacy_request(lead_id: str, kind: str) -> str:
    return f"{lead_id}#{kind}"


def lead_prefix(lead_id: str) -> str:
    """How sort keys begin that name a lead first, as entries of a waiting list do."""
    return f"{lead_id}#"
