"""When a schedule brings the members of a segment into a scenario. Pure; production and rehearsal call it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sodate.dynamodb import keys
from sodate.email.mailing import Mailing
from sodate.scenarios.admission import Cause
from sodate.scenarios.date_entry import entry_id
from sodate.scenarios.entries import ScheduleEntry
from sodate.scenarios.program import Program
from sodate.scenarios.recurrence import next_after

_MINUTE = timedelta(minutes=1)


def schedule_entries(program: Program) -> Iterator[ScheduleEntry]:
    return (entry for entry in program.entry if isinstance(entry, ScheduleEntry))


def next_occurrence(program: Program, entry: ScheduleEntry, mailing: Mailing, after: datetime) -> datetime | None:
    """The first occurrence later than `after`, in the scenario's time zone; None: there is none."""
    return next_after(entry.schedule, after, ZoneInfo(program.time_zone), program.calendar, mailing.closing_days)


def is_occurrence(program: Program, entry: ScheduleEntry, mailing: Mailing, at: datetime) -> bool:
    """False when holidays or closing days have moved or cancelled it since it was planned."""
    return next_occurrence(program, entry, mailing, at - _MINUTE) == at


def cause_of(entry: ScheduleEntry, at: datetime) -> Cause:
    """Equal for one occurrence: a lead enters once at most because of it."""
    return Cause("schedule", f"{entry_id(entry)}/{keys.stamp(at)}", at)
