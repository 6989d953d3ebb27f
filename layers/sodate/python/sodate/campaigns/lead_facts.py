"""What results of campaigns know of one lead; a merged lead is one with the lead that stays, while it is merged. Pure.

The merge writes copies of the other lead's activities into the log of the lead that stays, and its undoing deletes
them. Reports must say of a past day what they said then, so they use no copies: the logs of both leads and the entries
about merging say which leads were one at any moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.campaigns.touch import known_at

_MERGES = (ActivityType.LEAD_MERGED, ActivityType.LEAD_UNMERGED)


@dataclass(frozen=True)
class LeadFacts:
    """`log`: all of it, without copies that a merge made. `mql_at`: when the score first reached the threshold of
    marketing. `merged`: ids of the leads that are one with it (`leads_at`).
    """

    lead_id: str
    created: datetime
    log: Sequence[Activity]
    mql_at: datetime | None = None
    merged: tuple[str, ...] = ()

    @property
    def lead_ids(self) -> tuple[str, ...]:
        return (self.lead_id, *self.merged)


def leads_at(leads: Sequence[LeadFacts], as_of: datetime) -> list[LeadFacts]:
    """The leads as they were known at `as_of`: one that was merged then is a part of the lead that stays.

    A lead exists since the first of its parts, and what either did counts once. After the undoing of a merge they are
    two again; as of a day in between they stay one, as they were reported then.
    """
    by_id = {one.lead_id: one for one in leads}
    into = {joins: stays for joins, stays in _merged_at(leads, as_of).items() if {joins, stays} <= by_id.keys()}
    parts: defaultdict[str, list[LeadFacts]] = defaultdict(list)
    for joins in sorted(into):
        parts[into[joins]].append(by_id[joins])
    return [_as_one(one, parts[one.lead_id]) for one in leads if one.lead_id not in into]


def other_leads_in(log: Iterable[Activity]) -> Iterator[str]:
    """Leads that were ever merged into this one, and those into which it was merged."""
    for one in log:
        if one.type in _MERGES:
            yield str(one.about.get("lead"))
        elif one.type == ActivityType.MERGED_INTO:
            yield str(one.about.get("into"))


def _merged_at(leads: Iterable[LeadFacts], as_of: datetime) -> dict[str, str]:
    """Merged lead → the lead that stays; the last word counts, and of one instant that the merge was undone."""
    said = [one for lead in leads for one in lead.log if one.type in _MERGES]
    into: dict[str, str] = {}
    for one in sorted(known_at(said, as_of), key=lambda one: (one.at, one.type == ActivityType.LEAD_UNMERGED)):
        joins = str(one.about.get("lead"))
        if one.type == ActivityType.LEAD_MERGED:
            into[joins] = one.lead_id
        elif into.get(joins) == one.lead_id:
            del into[joins]
    return into


def _as_one(stays: LeadFacts, parts: Sequence[LeadFacts]) -> LeadFacts:
    """Of two activities with the same time and key, that of the lead that stays counts, as with copies."""
    if not parts:
        return stays
    logged = {one.position: one for part in (*parts, stays) for one in part.log}
    log = [replace(logged[position], lead_id=stays.lead_id) for position in sorted(logged)]
    reached = [one.mql_at for one in (stays, *parts) if one.mql_at is not None]
    return replace(
        stays,
        created=min(one.created for one in (stays, *parts)),
        log=log,
        mql_at=min(reached, default=None),
        merged=tuple(part.lead_id for part in parts),
    )
