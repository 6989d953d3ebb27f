"""Enrollments of people: they begin, move on and end, by production's pure decisions.

It mirrors `scenarios.run_batch`, `carry_out` and `enrollment_source`, which write what is assigned here.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.email.eligibility.decide import Defer
from sodate.leads.contact_state import Enrollment, Visit, id_of
from sodate.rehearsal.agenda import STEP
from sodate.rehearsal.email import Email
from sodate.rehearsal.mailer import Mailer
from sodate.rehearsal.person import Person
from sodate.rehearsal.sales_team import SalesTeam
from sodate.rehearsal.sending_rate import SendingRate
from sodate.rehearsal.setting import Setting
from sodate.rehearsal.tally import count_advance, count_entry
from sodate.rehearsal.view import PersonNow
from sodate.scenarios.admission import NOT_PUBLISHED, Cause, begin, has_room, why_not_enrolled, with_room
from sodate.scenarios.advance import Advance, Enroll, Leave
from sodate.scenarios.decide import due_by_time
from sodate.scenarios.engine import run
from sodate.scenarios.precedence import emails_before, may_wait, waits_for
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.progress import (
    active,
    activities,
    after,
    cause_of,
    is_only_the_email,
    leave,
    name_in,
    profile_values,
    with_rejections,
)
from sodate.scenarios.send_policy import valid_until
from sodate.scheduling.store import due_minute

_TYPES = {type_.value: type_ for type_ in ActivityType}


@dataclass
class Enrollments:
    """Methods take the name of an enrollment, as in `ContactState.enrollments`."""

    setting: Setting
    mailer: Mailer
    sales_team: SalesTeam
    sending_rate: SendingRate
    _entries: Counter[tuple[str, str]] = field(default_factory=Counter)
    _stopped: set[str] = field(default_factory=set)

    def enter(self, person: Person, program: Program, name: str, cause: Cause, now: datetime) -> None:
        """An entry over `max_entries_per_hour` stops the scenario's entries: in a rehearsal no operator decides."""
        hour = (program.id, keys.rate_hour(now))
        if not has_room(program, self._entries[hour], is_stopped=program.id in self._stopped):
            self._stopped.add(program.id)
            self.setting.figures.waiting[program.id] += 1
            return
        self._entries[hour] += 1
        beginning = begin(program, name, person.state, cause, self.setting.definitions.mailing, now)
        person.state = with_room(person.state, now).enroll({name: beginning.enrollment})
        count_entry(self.setting, person, program, cause, now)
        self._plan(person, name, beginning.due, now)
        if beginning.activity is not None:
            self._log(person, beginning.activity, now)

    def carry_out(self, person: Person, program: Program, name: str, advance: Advance, now: datetime) -> None:
        enrollment = person.state.enrollments[name]
        person.state = person.state.enroll({name: after(enrollment, advance, now)})
        count_advance(self.setting, person, program, enrollment, advance, now)
        if advance.due is not None:
            self._plan(person, name, advance.due, now)
        rejections = dict[Enroll, str]()
        for effect in dict.fromkeys(advance.effects):
            if isinstance(effect, Leave):
                person.state = leave(person.state, effect.scenario)
            elif isinstance(effect, Enroll) and (why := self._enroll(person, name, enrollment, effect, now)):
                rejections[effect] = why
        values = profile_values(advance.effects, person.profile.attribute)
        if values:
            person.change(values)
            self.setting.changed(person, now)
        decided = with_rejections(advance, program, rejections)
        for one in activities(person.id, name, enrollment, decided, now):
            self._log(person, one, now)
        self.sales_team.act(person, advance.effects, now)

    def seen(self, person: Person, program: Program, name: str, now: datetime) -> PersonNow:
        return PersonNow(person, self.setting.definitions, program, now, key_in(program, name))

    def _enroll(self, person: Person, name: str, enrollment: Enrollment, effect: Enroll, now: datetime) -> str | None:
        """The reason code when the other scenario does not take the person in."""
        other = self.setting.definitions.programs.get(effect.scenario)
        if other is None:
            return NOT_PUBLISHED
        other_name = name_in(other, effect)
        why = why_not_enrolled(other, person.state.enrollments.get(other_name), now)
        if why is None:
            self.enter(person, other, other_name, cause_of(name, enrollment, now), now)
        return why

    def _log(self, person: Person, activity: Activity, now: datetime) -> None:
        self.setting.happen(person, _TYPES[activity.type], activity.about, now)

    # -- steps that are due --------------------------------------------------------------------------------------------

    def _plan(self, person: Person, name: str, due: datetime, now: datetime) -> None:
        enrollment = person.state.enrollments[name]
        at = (enrollment.id, enrollment.step, enrollment.visit)
        self.setting.agenda.plan(due_minute(due, now), partial(self._step, person, name, at), STEP)

    def _step(self, person: Person, name: str, at: tuple[str, int, Visit | None], now: datetime) -> None:
        """`at`: the enrollment, step and visit for which this was planned; the enrollment may have moved since."""
        program, position = self.setting.definitions.programs[id_of(name)], person.state.position(name, *at)
        if position == "gone" and program.is_email(at[1]):
            self._ended(person, program, name, at, now)
        if position != "here":
            return
        later = self.sending_rate.take(now)
        if later is not None:
            self.setting.figures.deferred[id_of(name), SendingRate.REASON] += 1
            self.setting.agenda.plan(later, partial(self._step, person, name, at), STEP)
            return
        enrollment = person.state.enrollments[name]
        if program.needs_engine(enrollment.step):
            lead, mailing = self.seen(person, program, name, now), self.setting.definitions.mailing
            advance = run(program, active(program, name, enrollment), lead, now, mailing=mailing)
            if not is_only_the_email(advance, enrollment):
                self.carry_out(person, program, name, advance, now)
                return
        self._send(person, program, name, now)

    def _ended(
        self, person: Person, program: Program, name: str, at: tuple[str, int, Visit | None], now: datetime
    ) -> None:
        """The email after it was planned, too."""
        enrollment_id, step, visit = at
        self.mailer.ended(person, program.id, program.nodes[step].id, now)
        then = program.nodes[step].next[0]
        if visit is not None and program.is_email(then):
            following = visit.next(now)
            due = due_by_time(program, then, following.began, person.state.zone, self.setting.definitions.mailing)
            planned = partial(self._step, person, name, (enrollment_id, then, following))
            self.setting.agenda.plan(due_minute(due or now, now), planned, STEP)

    def _send(self, person: Person, program: Program, name: str, now: datetime) -> None:
        enrollment, mailing = person.state.enrollments[name], self.setting.definitions.mailing
        step, visit = program.send_at(enrollment.step), enrollment.visit
        began = visit.began if visit is not None else datetime.fromisoformat(enrollment.since)
        due = due_by_time(program, enrollment.step, began, person.state.zone, mailing) or now
        email = Email(
            program.id, step.id, str(person.got[program.id, step.id]), step.send,
            program.topic_of(step), valid_until(step, due), skips_over_cap=step.over_cap == "skip",
            goes_after=self._goes_after(person, name, program.topic_of(step), now),
        )  # fmt: skip
        decision = self.mailer.decide(person, email, now)
        if isinstance(decision, Defer):
            self._plan(person, name, decision.until, now)
            return
        then = program.nodes[enrollment.step].next[0]
        moved = replace(enrollment, step=then, visit=visit.next(now) if visit is not None else None)
        person.state = person.state.enroll({name: moved})
        self.setting.figures.edges[program.id, step.id, "sent" if decision is None else "skipped"] += 1
        if then < program.end:
            began = moved.visit.began if moved.visit is not None else began
            self._plan(person, name, due_by_time(program, then, began, person.state.zone, mailing) or now, now)
        if decision is None:
            self.mailer.send(person, email, now)

    def _goes_after(self, person: Person, name: str, topic: str, now: datetime) -> str | None:
        definitions, state = self.setting.definitions, person.state
        if not may_wait(name, definitions.email_order):
            return None
        programs = definitions.programs
        before = emails_before(
            name, definitions.email_order, state, lambda other, _: programs.get(id_of(other)), definitions.mailing
        )  # fmt: skip
        return waits_for(state, topic, before, definitions.mailing, now)
