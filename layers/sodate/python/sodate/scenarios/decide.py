"""The decisions of single steps: when a wait ends, which exit a branch or split takes, what a step does. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sodate.activities.activity import Activity
from sodate.conditions.evaluate import random_bucket
from sodate.email.eligibility.hours import open_from
from sodate.email.mailing import Mailing
from sodate.experiments.assignment import variant_at
from sodate.leads.time_zone import find_time_zone
from sodate.scenarios.advance import (
    ActiveEnrollment,
    AddInterest,
    AddTag,
    CreateCallTask,
    Dated,
    Effect,
    Enroll,
    Lead,
    Leave,
    PostWebhook,
    ReasonCode,
    RemoveTag,
    SendSignal,
    SetField,
)
from sodate.scenarios.calendar import due_at
from sodate.scenarios.program import Delay, Node, Program
from sodate.scenarios.scenario import Exit, Goal
from sodate.scenarios.steps import (
    BranchStep,
    CallTaskStep,
    Change,
    EnrollStep,
    HoldoutStep,
    LeaveStep,
    SendStep,
    SetStep,
    SignalStep,
    SplitStep,
    Step,
    WaitForStep,
    WebhookStep,
)
from sodate.scenarios.triggers import matches
from sodate.scenarios.waits import Due, LocalCalendar, Missing, OnDate, Past, Wait, end_of_wait

Ends = Due | Past | Missing
KEPT_OUT, CONTINUES = "kept_out", "continues"


def end_of(
    program: Program, node: Node, enrollment: ActiveEnrollment, lead: Dated, mailing: Mailing | None
) -> Ends | None:
    """When the wait in front of the node's step ends; None: it has none."""
    if node.wait is None:
        return None
    if isinstance(node.wait, Delay):
        step, sequence = node.wait.step, node.wait.sequence
        return Due(due_at(step, sequence, enrollment.since, mailing=mailing, time_zone=lead.time_zone))
    return end_of_wait(node.wait, enrollment.entered, calendar_of(program, lead, mailing), lead.attribute)


def due_of(
    node: Node, ends: Ends | None, enrollment: ActiveEnrollment, lead: Dated, mailing: Mailing | None
) -> datetime:
    """When the node's step is due: when its wait ends, or when the lead came to it; an email at the next open hour."""
    at = ends.at if isinstance(ends, Due) else enrollment.entered
    return open_from(at, lead.time_zone, mailing) if mailing and isinstance(node.step, SendStep) else at


def due_by_time(
    program: Program, index: int, begin: datetime, time_zone: str | None, mailing: Mailing | None
) -> datetime | None:
    """When a node is due, as far as the time alone decides it; None: the lead's profile or log does.

    `begin`: when the enrollment began (a sequence), or when the lead came to the node. `time_zone`: the lead's.
    """
    node = program.nodes[index]
    if isinstance(node.step, WaitForStep) or isinstance(node.wait, OnDate):
        return None
    enrollment, lead = ActiveEnrollment("", index, begin, begin), _InTimeZone(time_zone)
    return due_of(node, end_of(program, node, enrollment, lead, mailing), enrollment, lead, mailing)


@dataclass(frozen=True)
class _InTimeZone:
    """A lead without a profile."""

    time_zone: str | None

    def attribute(self, path: str) -> None:
        return None


def calendar_of(program: Program, lead: Dated, mailing: Mailing | None) -> LocalCalendar:
    """The lead's time zone, or the program's when it is not known; holidays and closing days."""
    known = find_time_zone(lead.time_zone) if lead.time_zone else None
    closing = mailing.closing_days if mailing else ()
    return LocalCalendar(known or ZoneInfo(program.time_zone), program.calendar, closing)


def is_met(ending: Goal | Exit, enrollment: ActiveEnrollment, lead: Lead, event: Activity | None) -> bool:
    """Whether the condition of a goal or exit holds, or its activity has happened since the enrollment began."""
    if ending.when is not None:
        return lead.holds(ending.when)
    if ending.on is None:
        return False
    is_this = event is not None and matches(ending.on, event, enrollment)
    return is_this or lead.has_happened(ending.on, enrollment.since, enrollment.key)


def has_come(step: WaitForStep, enrollment: ActiveEnrollment, lead: Lead, event: Activity | None) -> bool:
    """Whether what the step waits for has happened, by this event or by an earlier one that counts."""
    since = enrollment.since if step.since == "enrollment" else enrollment.entered
    is_this = event is not None and event.at > since and matches(step.wait_for, event, enrollment)
    return is_this or lead.has_happened(step.wait_for, since, enrollment.key)


@dataclass(frozen=True)
class Choice:
    """`exit`: position in `Node.next`. `arms`: what to keep with the enrollment."""

    exit: int
    code: ReasonCode
    detail: str = ""
    arms: Mapping[str, str] = field(default_factory=dict)


def choose(
    step: BranchStep | SplitStep | HoldoutStep, scenario: str, enrollment: ActiveEnrollment, lead: Lead
) -> Choice:
    """A branch asks the lead. A split or holdout takes the lead's arm, or else assigns one.

    The arm is assigned by the lead's random number for this scenario and step, and then kept with the enrollment, so
    a change of weights moves nobody who has one. A lead whose arm no longer exists is assigned again. Instead of the
    random number, what a person chose decides.
    """
    if isinstance(step, BranchStep):
        holds = (index for index, case in enumerate(step.branch) if lead.holds(case.when))
        index = next(holds, None)
        if index is None:
            return Choice(len(step.branch), ReasonCode.OTHERWISE)
        return Choice(index, ReasonCode.CASE, str(index + 1))
    known, bucket = enrollment.arms.get(step.id), random_bucket(f"{scenario}/{step.id}", lead.id)
    if isinstance(step, HoldoutStep):
        assigned = KEPT_OUT if bucket < step.holdout else CONTINUES
        arm = known if known in (KEPT_OUT, CONTINUES) else assigned
        is_out = arm == KEPT_OUT
        return Choice(int(is_out), ReasonCode.KEPT_OUT if is_out else ReasonCode.ARM, arm, {step.id: arm})
    ids = [arm.id for arm in step.split]
    chosen = enrollment.chosen.get(step.id)
    assigned = chosen if chosen in ids else variant_at([(arm.id, arm.weight) for arm in step.split], bucket)
    arm = known if known in ids else assigned
    return Choice(ids.index(arm), ReasonCode.ARM, arm, {step.id: arm})


def effects_of(
    step: Step, program: Program, enrollment: ActiveEnrollment, lead: Lead, now: datetime
) -> Iterator[Effect]:
    """What a step does that neither sends, waits nor chooses."""
    match step:
        case SetStep():
            yield from map(_change, step.set)
        case EnrollStep():
            yield Enroll(step.enroll, enrollment.key)
        case LeaveStep():
            yield Leave(step.leave)
        case CallTaskStep():
            yield CreateCallTask(step.id, step.call_task, _due_of_task(step.due, program, lead, now))
        case SignalStep():
            yield SendSignal(step.id, step.signal)
        case WebhookStep():
            yield PostWebhook(step.id, step.webhook, step.on_error)


def _change(change: Change) -> Effect:
    if change.add_tag is not None:
        return AddTag(change.add_tag)
    if change.remove_tag is not None:
        return RemoveTag(change.remove_tag)
    if change.add_interest is not None:
        return AddInterest(change.add_interest)
    return SetField(change.field or "", change.to or "")


def _due_of_task(due: Wait, program: Program, lead: Lead, now: datetime) -> datetime:
    """A date that is past or missing makes the call due at once."""
    ends = end_of_wait(due, now, calendar_of(program, lead, None), lead.attribute)
    return ends.at if isinstance(ends, Due) else now
