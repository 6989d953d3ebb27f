"""Key strings of web tracking: the sessions of a visitor, and which lead the visitor is."""

from datetime import datetime

from sodate.dynamodb import keys

SESSIONS = "SESSION#"
#: Of a visitor: which lead it is.
BOUND_TO = "LEAD"
#: Of a lead: the visitors that are bound to it.
VISITORS = "VISITOR#"


def visitor(visitor_id: str) -> str:
    return f"{VISITORS}{visitor_id}"


def visitor_id_of(key: str) -> str:
    return key.removeprefix(VISITORS)


def session(started: datetime, session_id: str, part: int) -> str:
    """`part`: 0; a later one after the visitor was identified as another lead in the middle of the session."""
    return f"{SESSIONS}{keys.stamp(started)}#{session_id}" + (f"#{part}" if part else "")
