"""What is kept of a lead's visits, for its export and its erasure; and how much of it is kept."""

from datetime import datetime
from typing import Any

from sodate.dynamodb import table, tracking_keys
from sodate.tracking import store
from sodate.tracking.origin import origin_of

_AT_ONCE = 50
#: Browsers of one lead that are kept, the newest: anybody may post a form with somebody's address and any visitor id.
MOST_VISITORS = 50


def visits_of_lead(lead_id: str) -> list[dict[str, Any]]:
    """The sessions of every visitor that the lead is, oldest first, as plain values."""
    visitors = [tracking_keys.visitor_id_of(item.sk) for item in store.visitors_of(lead_id)]
    visits = [visit for one in visitors for visit in store.newest_visits(one, 1000) if visit.lead_id == lead_id]
    return [
        {
            "visitor": visit.visitor,
            "began": visit.session.first_at.isoformat(),
            "ended": visit.session.last_at.isoformat(),
            "pages": {path: figures.views for path, figures in visit.session.pages.items()},
            "downloads": sorted(visit.session.downloads),
            "events": sorted(visit.session.events),
            "dwell_s": visit.session.dwell_s,
            **origin_of(visit.session.arrival),
        }
        for visit in sorted(visits, key=lambda visit: visit.session.first_at)
    ]


def forget_visits(lead_id: str) -> int:
    """Delete the sessions, bindings and list of visitors of an erased lead; the number of items.

    A visitor that was another lead too keeps that lead's sessions. Idempotent: the list goes last.
    """
    deleted = 0
    for item in store.visitors_of(lead_id):
        writes = store.deletions(lead_id, tracking_keys.visitor_id_of(item.sk))
        for start in range(0, len(writes), _AT_ONCE):
            table.commit(writes[start : start + _AT_ONCE])
        deleted += len(writes)
    return deleted


def let_go_of_oldest(lead_id: str, now: datetime) -> int:
    """Unbind the visitors that were bound before the newest `MOST_VISITORS`; how many. What became activities stays."""
    bound = [item for item in store.visitors_of(lead_id) if item.ttl is None or item.ttl > now.timestamp()]
    oldest = sorted(bound, key=lambda item: item.since, reverse=True)[MOST_VISITORS:]
    for item in oldest:
        writes = store.kept_of(lead_id, tracking_keys.visitor_id_of(item.sk))
        for start in range(0, len(writes), _AT_ONCE):
            table.commit(writes[start : start + _AT_ONCE])
        store.end_link(item, now)
    return len(oldest)
