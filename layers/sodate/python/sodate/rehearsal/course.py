"""What an activity ends, continues and begins, as `scenarios.react` and `enroll.on_opt_in` decide it."""

from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.leads.contact_state import Enrollment, id_of
from sodate.rehearsal.enrollments import Enrollments
from sodate.rehearsal.person import Person
from sodate.rehearsal.setting import Setting
from sodate.scenarios.admission import Cause, entries_of, may_enter, name_by, starts_by_opt_in
from sodate.scenarios.engine import on_event
from sodate.scenarios.progress import active


@dataclass(frozen=True)
class Course:
    setting: Setting
    enrollments: Enrollments

    def opt_in(self, person: Person, now: datetime) -> None:
        """A confirmed opt-in, before its activity."""
        topics = [topic for topic, status in person.state.topics.items() if status == "confirmed"]
        for program in self.setting.definitions.programs.values():
            before = person.state.enrollments.get(program.id)
            if starts_by_opt_in(program, person.form, topics) and may_enter(program, before, now):
                cause = Cause(ActivityType.OPT_IN_CONFIRMED, person.id, now)
                self.enrollments.enter(person, program, program.id, cause, now)

    def react(self, person: Person, activity: Activity, now: datetime) -> None:
        for name in tuple(person.state.enrollments):
            enrollment = person.state.enrollments.get(name)
            if enrollment is not None and enrollment.visit is not None:
                self._continue(person, name, enrollment, activity, now)
        for program in self.setting.definitions.programs.values():
            for entry in entries_of(program, activity, person.state):
                begun = name_by(program, activity, person.state, now)
                if begun is None:
                    continue
                if entry.when is None or self.enrollments.seen(person, program, begun, now).holds(entry.when):
                    cause = Cause(activity.type, activity.key, activity.at)
                    self.enrollments.enter(person, program, begun, cause, now)

    def _continue(self, person: Person, name: str, enrollment: Enrollment, activity: Activity, now: datetime) -> None:
        definitions = self.setting.definitions
        program = definitions.programs[id_of(name)]
        types = definitions.reacts_to(program)
        if (enrollment.is_complete and not program.goals) or (types is not None and activity.type not in types):
            return
        lead, seen = self.enrollments.seen(person, program, name, now), active(program, name, enrollment)
        advance = on_event(program, seen, lead, activity, now, mailing=definitions.mailing)
        if advance is not None:
            self.enrollments.carry_out(person, program, name, advance, now)
