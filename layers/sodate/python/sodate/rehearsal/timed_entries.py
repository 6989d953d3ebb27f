"""Entries by a date of the profile and by a schedule, as `scenarios.date_entry` and `schedule_entry` decide them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sodate.rehearsal.enrollments import Enrollments
from sodate.rehearsal.person import Person
from sodate.rehearsal.setting import Setting
from sodate.scenarios import date_entry, schedule_entry
from sodate.scenarios.admission import Cause, may_begin
from sodate.scenarios.entries import DateEntry, ScheduleEntry
from sodate.scenarios.program import Program
from sodate.scheduling.store import due_minute


@dataclass(frozen=True)
class TimedEntries:
    setting: Setting
    enrollments: Enrollments
    people: dict[str, Person]

    def plan_dates(self, person: Person, now: datetime) -> None:
        """When the person comes, and when the profile changes: an entry that is planned twice enters once."""
        for program in self.setting.definitions.programs.values():
            for entry in date_entry.date_entries(program):
                at = self._instant(person, program, entry, now)
                if at is not None:
                    act = partial(self._enter_by_date, person, program, entry, at)
                    self.setting.agenda.plan(due_minute(at, now), act)

    def plan_schedules(self, begin: datetime, end: datetime) -> None:
        for program in self.setting.definitions.programs.values():
            for entry in schedule_entry.schedule_entries(program):
                self._plan_next(program, entry, begin, end)

    def _plan_next(self, program: Program, entry: ScheduleEntry, after: datetime, end: datetime) -> None:
        at = schedule_entry.next_occurrence(program, entry, self.setting.definitions.mailing, after)
        if at is not None and at < end:
            self.setting.agenda.plan(at, partial(self._enter_all, program, entry, end))

    def _enter_all(self, program: Program, entry: ScheduleEntry, end: datetime, now: datetime) -> None:
        self._plan_next(program, entry, now, end)
        cause = schedule_entry.cause_of(entry, now)
        for person in self.people.values():  # they enter in batches, which are due a little later
            if entry.segment in person.facts.segments:
                act = partial(self._enter, person, program, entry, cause)
                self.setting.agenda.plan(due_minute(now, now), act)

    def _enter_by_date(
        self, person: Person, program: Program, entry: DateEntry, at: datetime, now: datetime
    ) -> None:  # fmt: skip
        """Unless the date has moved since it was planned."""
        lead = self.enrollments.seen(person, program, program.id, now)
        day = date_entry.day_of(entry, lead)
        if day is not None and date_entry.instant_of(entry, program, lead, self.setting.definitions.mailing) == at:
            self._enter(person, program, entry, date_entry.cause_of(entry, day, at), now)

    def _enter(
        self, person: Person, program: Program, entry: DateEntry | ScheduleEntry, cause: Cause, now: datetime
    ) -> None:
        if not may_begin(program, program.id, person.state, cause, now):
            return
        if entry.when is None or self.enrollments.seen(person, program, program.id, now).holds(entry.when):
            self.enrollments.enter(person, program, program.id, cause, now)

    def _instant(self, person: Person, program: Program, entry: DateEntry, now: datetime) -> datetime | None:
        lead = self.enrollments.seen(person, program, program.id, now)
        return date_entry.instant_of(entry, program, lead, self.setting.definitions.mailing, now)
