"""Items of web tracking: SESSION and LEAD of a visitor, and the list of a lead's visitors.

A session is written as a whole, on the condition that nobody else changed it: one write unit a batch, while it stays
within 1 KB.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute

from sodate.activities.catalog import ActivityVerdict
from sodate.dynamodb import keys, table, tracking_keys
from sodate.dynamodb.item import Row, TableItem, encode, row, values
from sodate.dynamodb.statement import Statement, number
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Write
from sodate.leads.existence import still_exists
from sodate.tracking.origin import origin_of
from sodate.tracking.session import Arrival, Counted, PageFigures, Session
from sodate.tracking.visit import Binding, Visit

#: A browser keeps its id for about so long at most; then nobody asks for the binding any more.
BINDING_KEPT = timedelta(days=400)
MOST_EARLIER = 10
#: Parts of one session, one per lead that the visitor was identified as.
_MOST_PARTS = 5


class SessionItem(TableItem, discriminator="session"):
    """Counts and texts are attributes, for whoever adds them up from the stream; `folded` is the rest of the fold.

    `bounced` and `is_return` are 0 or 1. `started_at` and `last_at` are the server's times.
    """

    visitor = UnicodeAttribute()
    session = UnicodeAttribute()
    started_at = UnicodeAttribute()
    last_at = UnicodeAttribute()
    page_views = NumberAttribute()
    dwell_s = NumberAttribute()
    scroll_max = NumberAttribute()
    bounced = NumberAttribute()
    is_return = NumberAttribute()
    downloads = NumberAttribute()
    ctas = NumberAttribute()
    verdict = UnicodeAttribute()
    source = UnicodeAttribute()
    medium = UnicodeAttribute()
    campaign = UnicodeAttribute(null=True)
    term = UnicodeAttribute(null=True)
    content = UnicodeAttribute(null=True)
    referrer = UnicodeAttribute(null=True)
    landing = UnicodeAttribute(null=True)
    lead_id = UnicodeAttribute(null=True)
    form = UnicodeAttribute(null=True)
    due = UnicodeAttribute(null=True)
    moved = NumberAttribute(null=True)
    version = NumberAttribute()
    logged: JSONAttribute = JSONAttribute(null=True)
    folded: JSONAttribute = JSONAttribute()


class BindingItem(TableItem, discriminator="visitorlead"):
    """`earlier`: JSON list of lead, since, until."""

    lead_id = UnicodeAttribute()
    since = UnicodeAttribute()
    by = UnicodeAttribute()
    earlier: ListAttribute[Any] = ListAttribute(null=True)


class LeadVisitorItem(TableItem, discriminator="leadvisitor"):
    """A visitor of a lead, so that an export and an erasure find it."""

    since = UnicodeAttribute()
    by = UnicodeAttribute()


_NEW = Statement([], SessionItem.version.does_not_exist())
_UNCHANGED = Statement([], SessionItem.version == number("version"))


# -- sessions ----------------------------------------------------------------------------------------------------------


def find_visit(visitor: str, started: datetime, session_id: str) -> tuple[int, Visit | None]:
    """The part of the session to which new batches belong, and what is stored of it."""
    for part in range(_MOST_PARTS):
        visit = find_part(visitor, started, session_id, part)
        if visit is None or not visit.moved or part == _MOST_PARTS - 1:
            return part, visit
    raise AssertionError("unreachable")


def find_part(visitor: str, started: datetime, session_id: str, part: int) -> Visit | None:
    sk = tracking_keys.session(started, session_id, part)
    found = table.get(tracking_keys.visitor(visitor), sk, consistent=True)
    return None if found is None else to_visit(found)


def newest_visits(visitor: str, most: int) -> list[Visit]:
    """Newest first by the browser's clock."""
    pk = tracking_keys.visitor(visitor)
    found = table.query(SessionItem, pk, tracking_keys.SESSIONS, limit=most, newest_first=True)
    return [to_visit(encode(item)) for item in found]


def put_visit(visit: Visit, retention: timedelta) -> None:
    """Raises: `ConditionFailed` when it was changed, or made, since it was read."""
    condition = _UNCHANGED if visit.version else _NEW
    table.put_row(_row(visit, retention), condition, **({"version": visit.version} if visit.version else {}))


def _row(visit: Visit, retention: timedelta) -> Row:
    session = visit.session
    return row(
        SessionItem,
        tracking_keys.visitor(visit.visitor),
        tracking_keys.session(visit.started, visit.session_id, visit.part),
        visitor=visit.visitor,
        session=visit.session_id,
        started_at=keys.stamp(session.first_at),
        last_at=keys.stamp(session.last_at),
        page_views=session.page_views,
        dwell_s=session.dwell_s,
        scroll_max=session.scroll_max,
        bounced=int(session.bounced),
        is_return=int(visit.returning),
        downloads=sum(one.times for one in session.downloads.values()),
        ctas=session.ctas,
        verdict=session.verdict.value,
        **origin_of(session.arrival),
        lead_id=visit.lead_id,
        form=visit.form,
        due=keys.stamp(visit.due) if visit.due else None,
        moved=1 if visit.moved else None,
        version=visit.version + 1,
        logged=dict(visit.logged) or None,
        folded=_folded(session),
        ttl=int((session.last_at + retention).timestamp()),
    )


def _folded(session: Session) -> dict[str, Any]:
    document: dict[str, Any] = {
        "s": {load: format(bits, "x") for load, bits in session.seen.items()},
        "p": {path: [one.views, one.dwell_s, one.scroll, one.first] for path, one in session.pages.items()},
        "d": {path: [one.times, one.first] for path, one in session.downloads.items()},
        "e": {name: [one.times, one.first] for name, one in session.events.items()},
        "g": session.agent.value if session.agent is not ActivityVerdict.HUMAN else None,
    }
    if session.arrival is not None:
        arrival = session.arrival
        document["a"] = [int(arrival.without_utm), arrival.at, arrival.path, arrival.utm, arrival.referrer]
    return {name: value for name, value in document.items() if value}


def to_visit(stored: Row) -> Visit:
    item = values(SessionItem, stored)
    started, session_id, part = _of_key(item["sk"])
    due = item.get("due")
    return Visit(
        visitor=item["visitor"],
        session_id=session_id,
        started=started,
        session=_session(item),
        part=part,
        returning=bool(item["is_return"]),
        lead_id=item.get("lead_id"),
        form=item.get("form"),
        due=datetime.fromisoformat(due) if due else None,
        moved=bool(item.get("moved")),
        version=int(item["version"]),
        logged=item.get("logged", {}),
    )


def _of_key(sk: str) -> tuple[datetime, str, int]:
    started, session_id, *part = sk.removeprefix(tracking_keys.SESSIONS).split("#")
    return datetime.fromisoformat(started).astimezone(UTC), session_id, int(part[0]) if part else 0


def _session(item: Mapping[str, Any]) -> Session:
    folded = item["folded"]
    return Session(
        first_at=datetime.fromisoformat(item["started_at"]),
        last_at=datetime.fromisoformat(item["last_at"]),
        seen={load: int(bits, 16) for load, bits in folded.get("s", {}).items()},
        page_views=item["page_views"],
        dwell_s=item["dwell_s"],
        scroll_max=item["scroll_max"],
        ctas=item["ctas"],
        pages={path: PageFigures(*figures) for path, figures in folded.get("p", {}).items()},
        downloads={path: Counted(*counted) for path, counted in folded.get("d", {}).items()},
        events={name: Counted(*counted) for name, counted in folded.get("e", {}).items()},
        arrival=_arrival(folded.get("a")),
        agent=ActivityVerdict(folded.get("g", ActivityVerdict.HUMAN.value)),
    )


def _arrival(stored: list[Any] | None) -> Arrival | None:
    if not stored:
        return None
    without_utm, at, path, utm, referrer = stored
    return Arrival(bool(without_utm), at, path, tuple((name, value) for name, value in utm), referrer)


# -- who a visitor is --------------------------------------------------------------------------------------------------


def find_binding(visitor: str) -> Binding | None:
    found = table.get(tracking_keys.visitor(visitor), tracking_keys.BOUND_TO, consistent=True)
    if found is None:
        return None
    item = values(BindingItem, found)
    earlier = tuple((str(lead), str(since), str(until)) for lead, since, until in item.get("earlier", ()))
    return Binding(visitor, item["lead_id"], datetime.fromisoformat(item["since"]), item["by"], earlier)


def bind(binding: Binding, before: Binding | None) -> None:
    """Raises: `ConditionFailed` when the visitor was bound otherwise since `before` was read, or the lead is erased."""
    item = BindingItem(
        tracking_keys.visitor(binding.visitor),
        tracking_keys.BOUND_TO,
        lead_id=binding.lead_id,
        since=keys.stamp(binding.since),
        by=binding.by,
        earlier=[list(one) for one in binding.earlier[-MOST_EARLIER:]] or None,
        ttl=int((binding.since + BINDING_KEPT).timestamp()),
    )
    link = LeadVisitorItem(
        keys.lead(binding.lead_id),
        tracking_keys.visitor(binding.visitor),
        since=keys.stamp(binding.since),
        by=binding.by,
        ttl=item.ttl,
    )
    if before is None:
        table.commit([still_exists(binding.lead_id), Put.new(item), Put(link)])
    else:
        unchanged = (BindingItem.lead_id == before.lead_id) & (BindingItem.since == keys.stamp(before.since))
        table.commit([still_exists(binding.lead_id), Put(item, unchanged), Put(link)])


def visitors_of(lead_id: str) -> list[LeadVisitorItem]:
    """The visitors that were ever bound to the lead, as far as they are kept."""
    return table.query(LeadVisitorItem, keys.lead(lead_id), tracking_keys.VISITORS)


def end_link(item: LeadVisitorItem, now: datetime) -> None:
    """It lies in the partition of the lead, of which no function but an erasure may delete anything."""
    with suppress(ConditionFailed):  # the lead was erased meanwhile
        ends = [LeadVisitorItem.ttl.set(int(now.timestamp()))]
        table.update(LeadVisitorItem(item.pk, item.sk), ends, LeadVisitorItem.pk.exists())


def deletions(lead_id: str, visitor: str) -> list[Write]:
    """What an erasure of the lead removes of this visitor. Sessions of another lead that it was too are kept."""
    return [*kept_of(lead_id, visitor), Delete(LeadVisitorItem(keys.lead(lead_id), tracking_keys.visitor(visitor)))]


def kept_of(lead_id: str, visitor: str) -> list[Write]:
    """The deletions in the partition of the visitor."""
    pk = tracking_keys.visitor(visitor)
    sessions = [
        item for item in table.query(SessionItem, pk, tracking_keys.SESSIONS) if item.lead_id in (None, lead_id)
    ]
    writes: list[Write] = [Delete(SessionItem(item.pk, item.sk)) for item in sessions]
    bound = find_binding(visitor)
    if bound is not None and bound.lead_id == lead_id:
        writes.append(Delete(BindingItem(pk, tracking_keys.BOUND_TO)))
    return writes
