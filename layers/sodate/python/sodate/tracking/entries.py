"""The due entries of web tracking, and what each of them does."""

from datetime import datetime

from sodate.leads.visitor import VisitorIdentified
from sodate.playbook.store import Definitions
from sodate.tracking.due_entry import SessionEnd
from sodate.tracking.end_session import end_session
from sodate.tracking.identify import identify

VisitEntry = SessionEnd | VisitorIdentified
VISIT_ENTRIES = (SessionEnd, VisitorIdentified)


def on_visit(entry: VisitEntry, definitions: Definitions, now: datetime) -> str:
    """The outcome in a word."""
    if isinstance(entry, SessionEnd):
        return end_session(entry, definitions, now)
    return identify(entry, definitions, now)
