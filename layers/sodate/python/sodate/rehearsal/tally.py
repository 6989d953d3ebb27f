"""Counts what enrollments do."""

from datetime import datetime

from sodate.leads.contact_state import Enrollment, id_of
from sodate.rehearsal.person import Person
from sodate.rehearsal.setting import Setting
from sodate.scenarios.admission import Cause
from sodate.scenarios.advance import Advance, CreateCallTask, EndEnrollment, GoalReached, Reason, ReasonCode
from sodate.scenarios.program import Program

#: The enrollment stays at its step.
_STAYS = frozenset((ReasonCode.WAITS, ReasonCode.WAITS_FOR_EVENT, ReasonCode.SEND, ReasonCode.TOO_MANY_STEPS))
_ENDS = frozenset((ReasonCode.GOAL, ReasonCode.EXIT, ReasonCode.COMPLETED))


def count_entry(setting: Setting, person: Person, program: Program, cause: Cause, now: datetime) -> None:
    figures = setting.figures
    figures.entered[program.id] += 1
    figures.entered_on[figures.day(now), program.id] += 1
    setting.witness(person.id, now, program.id, "", f"entered:{cause.reason}")
    for name, enrollment in person.state.enrollments.items():
        other = id_of(name)
        pair = (min(other, program.id), max(other, program.id))
        if other != program.id and not enrollment.is_complete and pair not in person.together:
            person.together.add(pair)
            figures.overlaps[pair] += 1


def count_advance(
    setting: Setting, person: Person, program: Program, enrollment: Enrollment, advance: Advance, now: datetime
) -> None:
    """`enrollment`: as it was."""
    for reason in advance.reasons:
        if reason.code not in _STAYS and reason.code not in _ENDS:
            setting.figures.edges[program.id, reason.step, exit_of(reason)] += 1
            setting.witness(person.id, now, program.id, reason.step, exit_of(reason))
    for effect in advance.effects:
        if isinstance(effect, GoalReached):
            hours = (now - datetime.fromisoformat(enrollment.since)).total_seconds() / 3600
            setting.figures.hours_to_goal[program.id, effect.goal].append(hours)
        elif isinstance(effect, CreateCallTask):
            setting.witness(person.id, effect.due, program.id, effect.step, "call due")
        elif isinstance(effect, EndEnrollment):
            setting.figures.ended[program.id, effect.reason] += 1
            setting.witness(person.id, now, program.id, "", f"ended:{effect.reason}")


def exit_of(reason: Reason) -> str:
    """By which exit the enrollment left the step, e.g. `case 1`, `otherwise`, `event`, `timeout`, `arm a`, `done`."""
    return f"{reason.code} {reason.detail}".strip().replace("_", " ")
