"""The end of a lead's session: it becomes activities, once, in whatever order batches and entries arrive."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.errors import NotFound
from sodate.leads.existence import still_exists
from sodate.leads.store import find_state
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due
from sodate.tracking import store
from sodate.tracking.activities import activities, with_logged
from sodate.tracking.definition import Site
from sodate.tracking.due_entry import SessionEnd
from sodate.tracking.session import INACTIVE
from sodate.tracking.site import live_site
from sodate.tracking.visit import Visit

_TRIES = 5


def end_session(entry: SessionEnd, definitions: Definitions, now: datetime) -> str:
    """The outcome in a word. A session that keeps changing is looked at again later: it must not hold up others."""
    try:
        site = live_site(definitions)
    except NotFound:
        return "not_tracked"
    for _ in range(_TRIES):
        visit = store.find_part(entry.visitor, entry.started, entry.session_id, entry.part)
        if visit is None or visit.lead_id is None:
            return "gone"
        with suppress(ConditionFailed):
            if visit.moved or visit.session.is_over(now):
                log_visit(visit, site, now)
                return "session_ended"
            store.put_visit(planned(visit, now), retention(site))
            return "session_goes_on"
    due.plan(now, due.DECAY, entry.ref, entry, now)
    return "session_later"


def log_visit(visit: Visit, site: Site, now: datetime) -> None:
    """Write the activities of a session that is over.

    The session says first which ones, and of what times: after a crash, and after a late batch, they are the same.

    Raises: `ConditionFailed` when the session was changed since it was read.
    """
    if visit.lead_id is None or find_state(visit.lead_id) is None:  # erased meanwhile
        return
    decided = replace(with_logged(visit, site), due=None)
    if decided != visit or not visit.version:
        store.put_visit(decided, retention(site))
    _write_once([activity_item(activity) for activity in activities(decided, site, now)], visit.lead_id)


def _write_once(items: list[TableItem], lead_id: str) -> None:
    """What is not there yet, in one transaction that an erasure of the lead refuses."""
    while items:
        try:
            table.commit([still_exists(lead_id), *(Put.new(item) for item in items)])
        except ConditionFailed as error:
            if 0 in error.failed:
                return  # erased meanwhile
            items = [item for number, item in enumerate(items, 1) if number not in error.failed]
        else:
            return


def planned(visit: Visit, now: datetime) -> Visit:
    """The visit, with a due entry at its end. An entry for a visit that is not written then does no harm."""
    entry = SessionEnd(visit.visitor, visit.session_id, visit.started, visit.part)
    at = visit.session.last_at + INACTIVE
    due.plan(at, due.DECAY, entry.ref, entry, now)
    return replace(visit, due=at)


def retention(site: Site) -> timedelta:
    return timedelta(days=site.tracking.retention_days)
