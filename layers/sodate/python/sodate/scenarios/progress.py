"""What one `Advance` means for the enrollment and the log. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.calls.call import CallTask
from sodate.leads.contact_state import ContactState, Enrollment, Visit, about_enrollment, id_of, name_of
from sodate.scenarios.admission import Cause
from sodate.scenarios.advance import (
    ActiveEnrollment,
    AddInterest,
    AddTag,
    Advance,
    CreateCallTask,
    Effect,
    EndEnrollment,
    Enroll,
    GoalReached,
    Reason,
    ReasonCode,
    RemoveTag,
    SendEmail,
    SendSignal,
    SetField,
)
from sodate.scenarios.program import Program, key_in
from sodate.scenarios.steps import INTERESTS, TAGS, EnrollStep

LEFT = "left"

#: Reasons that are decisions; the ledger has those of emails, and a wait decides nothing.
_DECISIONS = frozenset(
    (
        ReasonCode.DATE_PAST, ReasonCode.NO_DATE, ReasonCode.EVENT, ReasonCode.TIMEOUT, ReasonCode.CASE,
        ReasonCode.OTHERWISE, ReasonCode.ARM, ReasonCode.KEPT_OUT, ReasonCode.OVERDUE,
        ReasonCode.NOT_ENROLLED,
    )
)  # fmt: skip
_LONGEST_REASON = 500


def active(
    program: Program, name: str, enrollment: Enrollment, chosen: Mapping[str, str] | None = None
) -> ActiveEnrollment:
    """The stored enrollment as the engine sees it. `chosen`: see `ActiveEnrollment`."""
    visit = enrollment.visit or Visit(0, 0)
    return ActiveEnrollment(
        id=enrollment.id,
        node=enrollment.step,
        since=datetime.fromisoformat(enrollment.since),
        entered=visit.began,
        key=key_in(program, name),
        arms=enrollment.arms,
        reached=enrollment.goals,
        moves=visit.number,
        chosen=chosen or {},
    )


def after(enrollment: Enrollment, advance: Advance, now: datetime) -> Enrollment:
    """The enrollment to store.

    An early end keeps the number of the visit: a higher one would say that the email of the visit was claimed.
    """
    end = next((effect for effect in advance.effects if isinstance(effect, EndEnrollment)), None)
    is_early = end is not None and end.is_early
    visit, moves = enrollment.visit or Visit(0, 0), advance.enrollment.moves
    has_moved = moves > visit.number and not is_early
    return replace(
        enrollment,
        step=advance.node,
        visit=replace(visit.next(now), number=moves) if has_moved else visit,
        arms=advance.enrollment.arms,
        goals=advance.enrollment.reached,
        ended=end.reason if end is not None and is_early else enrollment.ended,
    )


def is_only_the_email(advance: Advance, enrollment: Enrollment) -> bool:
    """The enrollment stays at its email, and nothing else happens."""
    number = enrollment.visit.number if enrollment.visit is not None else 0
    return advance.enrollment.moves == number and [type(one) for one in advance.effects] == [SendEmail]


def activities(
    lead_id: str, name: str, enrollment: Enrollment, advance: Advance, now: datetime, *, was_behind: bool = False
) -> Iterator[Activity]:
    """What the log gets: decisions, goals and the end. `enrollment`: as it was. Repeated decisions have equal keys.

    `was_behind`: score and segments were computed from the log, because what is stored was behind it.
    """
    visit, source = enrollment.visit or Visit(0, 0), {"facts": "behind"} if was_behind else {}

    def activity(type_: ActivityType, reason: str) -> Activity:
        key = activity_key(type_.value, name, enrollment.id, str(visit.number), reason)
        about = {**about_enrollment(name), "version": enrollment.version, "reason": reason[:_LONGEST_REASON], **source}
        return Activity(lead_id, type_.value, now, key, about)

    decisions = [str(reason) for reason in advance.reasons if reason.code in _DECISIONS]
    if decisions:
        yield activity(ActivityType.SCENARIO_ADVANCED, "; ".join(decisions))
    for effect in advance.effects:
        if isinstance(effect, GoalReached):
            yield activity(ActivityType.GOAL_REACHED, effect.goal)
        elif isinstance(effect, EndEnrollment):
            yield activity(ActivityType.SCENARIO_ENDED, effect.reason)


def with_rejections(advance: Advance, program: Program, rejections: Mapping[Enroll, str]) -> Advance:
    """Also the decisions of other scenarios not to take the lead in. `rejections`: reason codes."""
    passed = {reason.step for reason in advance.reasons}
    steps = {
        node.step.enroll: node.id for node in program.nodes if isinstance(node.step, EnrollStep) and node.id in passed
    }
    reasons = [
        Reason(ReasonCode.NOT_ENROLLED, steps[effect.scenario], program.version, f"{effect.scenario}: {why}")
        for effect, why in rejections.items()
    ]
    return replace(advance, reasons=(*advance.reasons, *reasons))


# -- effects on the lead -----------------------------------------------------------------------------------------------


def profile_values(effects: Iterable[Effect], attribute: Callable[[str], Any]) -> dict[str, Any]:
    """New values of the profile, by path. `attribute`: the value so far."""
    values: dict[str, Any] = {}

    def change(path: str, *, add: str | None = None, remove: str | None = None) -> None:
        stored = values.get(path, attribute(path)) or []
        listed = [*(stored if isinstance(stored, list) else [stored]), *([add] if add else [])]
        values[path] = [one for one in dict.fromkeys(listed) if one != remove]

    for effect in effects:
        match effect:
            case SetField(path, value):
                values[path] = value
            case AddTag(tag):
                change(TAGS, add=tag)
            case RemoveTag(tag):
                change(TAGS, remove=tag)
            case AddInterest(interest):
                change(INTERESTS, add=interest)
    return values


def sales_reasons(effects: Iterable[Effect], time_zone: str) -> list[str]:
    """What sales reads, once each: call tasks with the time at which they are due, and signals."""
    reasons = []
    for effect in dict.fromkeys(effects):
        match effect:
            case CreateCallTask(_, title, due):
                reasons.append(f"{title} ({due.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M})")
            case SendSignal(_, reason):
                reasons.append(reason)
    return reasons


def call_tasks(
    lead_id: str, name: str, enrollment: Enrollment, advance: Advance, key: tuple[str, str] | None, signal: str
) -> Iterator[CallTask]:
    """The calls of one advance. `enrollment`: as it was, so that each attempt gives the same; `key`: its own."""
    visit = enrollment.visit or Visit(0, 0)
    about = {**(dict([key]) if key else {}), **about_enrollment(name)}
    for effect in dict.fromkeys(advance.effects):
        if isinstance(effect, CreateCallTask):
            task = activity_key("call", lead_id, name, enrollment.id, str(visit.number), effect.step)
            yield CallTask(lead_id, task, effect.title, effect.due, {**about, "step": effect.step}, signal)


def leave(state: ContactState, scenario: str) -> ContactState:
    """Every enrollment of the scenario ends, whatever its key."""
    ended = {
        name: replace(enrollment, step=enrollment.steps, ended=LEFT)
        for name, enrollment in state.enrollments.items()
        if id_of(name) == scenario and not enrollment.is_complete
    }
    return state.enroll(ended)


def name_in(other: Program, effect: Enroll) -> str:
    """The name of the enrollment that a step begins in another scenario."""
    return name_of(other.id, effect.key[1] if effect.key is not None and other.key else None)


def cause_of(name: str, enrollment: Enrollment, now: datetime) -> Cause:
    """`name`: of the enrollment whose step enrolls the lead in another scenario."""
    visit = enrollment.visit or Visit(0, 0)
    return Cause(f"scenario:{name}", f"{name}/{enrollment.id}/{visit.number}", now)
