"""Plays all scenarios and broadcasts with people on a virtual clock. The same arguments give the same figures."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.leads.contact_state import id_of
from sodate.rehearsal.agenda import Agenda
from sodate.rehearsal.answers import Answers
from sodate.rehearsal.assumptions import Assumptions, Habit
from sodate.rehearsal.broadcast_runs import BroadcastRuns
from sodate.rehearsal.chance import Chance
from sodate.rehearsal.course import Course
from sodate.rehearsal.crowd import Arrival, next_habit
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.enrollments import Enrollments
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.mailer import Mailer
from sodate.rehearsal.person import Person, Witness
from sodate.rehearsal.reactions import Reactions
from sodate.rehearsal.sales_team import SalesTeam
from sodate.rehearsal.sending_rate import SendingRate
from sodate.rehearsal.setting import Setting, nothing
from sodate.rehearsal.timed_entries import TimedEntries


@dataclass
class Rehearsal:
    """`span`: first and last instant. `witness`: is told every decision."""

    definitions: Rehearsed
    assumptions: Assumptions
    span: tuple[datetime, datetime]
    seed: int = 1
    witness: Witness = nothing
    people: dict[str, Person] = field(default_factory=dict)
    _blocked_before: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        figures = Figures(ZoneInfo(self.definitions.mailing.sender.time_zone))
        self.setting = Setting(
            self.definitions, self.assumptions, Chance(self.seed), Agenda(self.span[0]), figures, self.witness
        )
        sending_rate = SendingRate(self.assumptions.sending, self.definitions.mailing)
        mailer, sales_team = Mailer(self.setting, Answers(self.setting), sending_rate), SalesTeam(self.setting)
        enrollments = Enrollments(self.setting, mailer, sales_team, sending_rate)
        self._course = Course(self.setting, enrollments)
        self._timed = TimedEntries(self.setting, enrollments, self.people)
        self._reactions = Reactions(self.setting, self._course, sales_team)
        self._broadcasts = BroadcastRuns(self.setting, mailer, sending_rate, self.people)
        self.setting.happen, self.setting.changed = self._reactions.happen, self._changed

    def run(self, arrivals: Iterable[Arrival]) -> Figures:
        begin, end = self.span
        for arrival in arrivals:
            self.add(arrival)
        self._broadcasts.plan(begin, end)
        self._timed.plan_schedules(begin, end)
        self.setting.agenda.run(end)
        return self._counted()

    def add(self, arrival: Arrival) -> None:
        person, agenda = arrival.person, self.setting.agenda
        self.setting.figures.people += 1
        if arrival.at is None:
            self._come(person, arrival.past, agenda.now)
        else:
            agenda.plan(arrival.at, partial(self._arrive, person))
        if arrival.confirms is not None:
            agenda.plan(arrival.confirms, partial(self._confirm, person))

    def _arrive(self, person: Person, now: datetime) -> None:
        person.profile = replace(person.profile, created=keys.stamp(now))
        self.setting.figures.arrived += 1
        self.setting.figures.opt_in_emails += self.definitions.asks_to_confirm(person.form)
        self._come(person, [], now)
        self.setting.happen(person, ActivityType.FORM_SUBMITTED, {"form": person.form} if person.form else {}, now)

    def _come(self, person: Person, past: list[Activity], now: datetime) -> None:
        self.people[person.id] = person
        if person.state.blocked is not None:
            self._blocked_before.add(person.id)
        self._reactions.begin(person, past, now)
        self._timed.plan_dates(person, now)
        for habit in self.assumptions.habits:
            self._again(person, habit, 1, now)

    def _changed(self, person: Person, now: datetime) -> None:
        """The profile of a person has changed."""
        self._timed.plan_dates(person, now)
        self._reactions.changed(person, now)

    def _confirm(self, person: Person, now: datetime) -> None:
        self.setting.figures.confirmed += 1
        person.state = person.state.opt_in(person.state.topics)
        self._course.opt_in(person, now)
        self.setting.happen(person, ActivityType.OPT_IN_CONFIRMED, {"form": person.form or ""}, now)

    def _again(self, person: Person, habit: Habit, time: int, now: datetime) -> None:
        after, about = next_habit(habit, person.id, time, self.setting.chance)
        if now + after < self.span[1]:
            self.setting.agenda.plan(now + after, partial(self._do, person, habit, time, about))

    def _do(self, person: Person, habit: Habit, time: int, about: dict[str, str], now: datetime) -> None:
        self.setting.happen(person, habit.activity, about, now)
        self._again(person, habit, time + 1, now)

    def _counted(self) -> Figures:
        figures = self.setting.figures
        for person in self.people.values():
            if person.state.blocked is not None and person.id not in self._blocked_before:
                figures.opt_outs[person.state.blocked] += 1
            for name, enrollment in person.state.enrollments.items():
                program = self.definitions.programs[id_of(name)]
                if not enrollment.is_complete:
                    figures.still[program.id, program.nodes[enrollment.step].id] += 1
        return figures


def span_of(begin: datetime, days: int) -> tuple[datetime, datetime]:
    return begin, begin + timedelta(days=days)
