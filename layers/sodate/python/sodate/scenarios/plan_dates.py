"""Plans entries by date when a profile, a time zone or a definition changes.

The due entry proves that the instant lay ahead when it was planned, so that a date which is past already brings nobody
in. It is never withdrawn: `enter_by_date` finds out that the date has moved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.leads.lead import Profile
from sodate.leads.store import find_state, load_profile
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.date_entry import date_entries, day_of, entry_id, instant_of
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.entries import DateEntry
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_programs
from sodate.scheduling import store as due

#: What may change the time zone is written together with one of these.
_TIME_ZONE_CHANGES = (ActivityType.FORM_SUBMITTED, ActivityType.PREFERENCES_CHANGED)


@dataclass(frozen=True)
class ProfileChange:
    """`at`: when it was written. `before` is None for a new lead."""

    before: Profile | None
    after: Profile
    at: datetime


def plan_dates(
    changes: Iterable[ProfileChange], activities: Sequence[Activity], definitions: Definitions, now: datetime
) -> None:
    """After changes of one lead, as the stream delivers them: in any order, any number of times."""
    entries = _live(definitions)
    if not entries:
        return
    for change in changes:
        before, after = change.before, change.after
        changed = [
            (program, entry)
            for program, entry in entries
            if before is None or before.attribute(entry.date) != after.attribute(entry.date)
        ]
        _plan(after, changed, definitions, change.at, now)
    moves = [one for one in activities if one.type in _TIME_ZONE_CHANGES]
    if moves:
        try:
            profile = load_profile(moves[0].lead_id)
        except NotFound:
            return  # erased meanwhile
        _plan(profile, entries, definitions, min(now, moves[0].at), now)


def plan_all_dates(profile: Profile, definitions: Definitions, since: datetime, now: datetime) -> None:
    """After a changed definition. `since`: an instant before it has passed, and brings nobody in."""
    _plan(profile, _live(definitions), definitions, since, now)


_Entries = Sequence[tuple[Program, DateEntry]]


def _live(definitions: Definitions) -> _Entries:
    return [(program, entry) for program in live_programs(definitions) for entry in date_entries(program)]


def _plan(profile: Profile, entries: _Entries, definitions: Definitions, since: datetime, now: datetime) -> None:
    lead = _Dated(profile)
    for program, entry in entries:
        day = day_of(entry, lead)
        if day is None:
            continue
        at = instant_of(entry, program, lead, parsed(definitions.live("mailing"), Mailing), since)
        if at is not None:
            message = DateReached(profile.lead_id, program.id, entry_id(entry), day)
            due.plan(at, due.DECAY, message.ref, message, now)


@dataclass(frozen=True)
class _Dated:
    """Reads the time zone only for a lead that has a date."""

    profile: Profile

    @cached_property
    def time_zone(self) -> str | None:
        state = find_state(self.profile.lead_id)
        return state.zone if state is not None else None

    def attribute(self, path: str) -> Any:
        return self.profile.attribute(path)
