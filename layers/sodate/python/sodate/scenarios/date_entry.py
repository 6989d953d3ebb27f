"""When a date of the profile brings a lead into a scenario. Pure; production and rehearsal call it.

The entry is planned while its instant lies ahead. When it comes, the date must still be the one that was planned.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime

from sodate.conditions.evaluate import date_of
from sodate.email.mailing import Mailing
from sodate.scenarios.admission import Cause
from sodate.scenarios.advance import Dated
from sodate.scenarios.decide import calendar_of
from sodate.scenarios.entries import DateEntry, ScheduleEntry
from sodate.scenarios.program import Program
from sodate.scenarios.waits import Due, end_of_wait

_EVER = datetime.min.replace(tzinfo=UTC)


def date_entries(program: Program) -> Iterator[DateEntry]:
    return (entry for entry in program.entry if isinstance(entry, DateEntry))


def entry_id(entry: DateEntry | ScheduleEntry) -> str:
    """Changes with the instants of the entry, so that an entry of an earlier definition is recognised."""
    return hashlib.sha256(entry.model_dump_json(exclude={"when"}).encode()).hexdigest()[:10]


def instant_of(
    entry: DateEntry, program: Program, lead: Dated, mailing: Mailing | None, since: datetime = _EVER
) -> datetime | None:
    """When the lead enters; None: its profile has no such date, or the instant was past already at `since`."""
    ends = end_of_wait(entry.as_wait, since, calendar_of(program, lead, mailing), lead.attribute)
    return ends.at if isinstance(ends, Due) else None


def day_of(entry: DateEntry, lead: Dated) -> date | None:
    return date_of(lead.attribute(entry.date))


def cause_of(entry: DateEntry, day: date, at: datetime) -> Cause:
    """Equal for one date of the profile, whatever the offset: a lead enters once at most because of it."""
    return Cause("date", f"{entry.date}/{day.isoformat()}", at)
