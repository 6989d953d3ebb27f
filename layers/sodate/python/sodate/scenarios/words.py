"""A program as text, for explanations: one line per step, and one per exit that is not the step below."""

from collections.abc import Iterator

from sodate.conditions.language import ActivityTest
from sodate.conditions.words import in_words
from sodate.scenarios.program import Delay, Node, Program
from sodate.scenarios.steps import (
    BranchStep,
    CallTaskStep,
    Change,
    EndStep,
    EnrollStep,
    HoldoutStep,
    LeaveStep,
    SendStep,
    SetStep,
    SignalStep,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
    WebhookStep,
)
from sodate.scenarios.triggers import Reply, SalesFeedback, SegmentEntered, Trigger
from sodate.scenarios.waits import BusinessDays, CalendarDays, Elapsed, OnDate, OnWeekday, Wait


def drawn(program: Program) -> str:
    """The program, step by step. An arrow names the step to which an exit leads."""
    width = max(len(node.id) for node in program.nodes)
    lines = [f"{program.id} v{program.version}"]
    for index, node in enumerate(program.nodes):
        lines.append(f"{node.id:{width}}  {_what(node)}")
        exits = [
            f"{name} → {program.nodes[target].id if target < program.end else 'end'}".strip()
            for name, target in _exits(node)
            if name or target != index + 1
        ]
        lines += [f"{'':{width}}  {'└' if exit_ is exits[-1] else '├'} {exit_}" for exit_ in exits]
    return "\n".join(lines) + "\n"


def _exits(node: Node) -> Iterator[tuple[str, int]]:
    step = node.step
    match step:
        case EndStep():
            return
        case BranchStep():
            names = [*(in_words(case.when) for case in step.branch), "otherwise"]
        case SplitStep():
            names = [f"{arm.id} (weight {arm.weight})" for arm in step.split]
        case WaitForStep():
            names = ["happens", "timeout"]
        case HoldoutStep():
            names = ["continues", "kept out"]
        case _:
            names = [""]
    yield from zip(names, node.next, strict=True)
    if node.skip is not None:
        yield "date is past or missing", node.skip


def _what(node: Node) -> str:
    what = step_in_words(node.step)
    if node.wait is None or isinstance(node.step, WaitStep | WaitForStep):
        return what
    if isinstance(node.wait, Delay):
        step = node.wait.step
        amounts = step.delay.model_dump(exclude_none=True).items()
        delay = ", ".join(f"{amount} {unit.replace('_', ' ')}" for unit, amount in amounts)
        return f"{delay} after the enrollment{_at(step.at)}: {what}"
    return f"wait {wait_in_words(node.wait)}: {what}"


def step_in_words(step: Step) -> str:
    match step:
        case SendStep():
            return f"send {step.send}"
        case WaitStep():
            return f"wait {wait_in_words(step.wait)}"
        case WaitForStep():
            return f"wait for {trigger_in_words(step.wait_for)}, at most {wait_in_words(step.timeout)}"
        case HoldoutStep():
            return f"holdout of {step.holdout:g} %"
        case SetStep():
            return "; ".join(map(_change, step.set))
        case BranchStep() | SplitStep():
            return step.kind
    return _other_in_words(step)


def _other_in_words(step: Step) -> str:
    match step:
        case EnrollStep():
            return f"enroll in {step.enroll}"
        case LeaveStep():
            return f"leave {step.leave}"
        case CallTaskStep():
            return f"call task “{step.call_task}”, due {wait_in_words(step.due)}"
        case SignalStep():
            return f"signal to sales “{step.signal}”"
        case WebhookStep():
            return f"webhook {step.webhook}"
        case EndStep():
            return f"end ({step.end})"
    return step.kind


def _change(change: Change) -> str:
    if change.field is not None:
        return f"set {change.field} to {change.to}"
    for name in ("add_tag", "remove_tag", "add_interest"):
        if (value := getattr(change, name)) is not None:
            return f"{name.replace('_', ' ')} {value}"
    return ""


def wait_in_words(wait: Wait) -> str:
    match wait:
        case Elapsed():
            units = {"days_of_24_hours": "days of 24 hours", "hours": "hours", "minutes": "minutes"}
            return " ".join(f"{amount} {word}" for name, word in units.items() if (amount := getattr(wait, name)))
        case CalendarDays():
            return f"{wait.days} days{_at(wait.at)}"
        case BusinessDays():
            return f"{wait.business_days} business days{_at(wait.at)}"
        case OnWeekday():
            return f"until {' or '.join(wait.weekday)}{_at(wait.at)}"
        case OnDate():
            offset = f" {wait.days:+d} days" if wait.days else ""
            return f"until {wait.date}{offset}{_at(wait.at)} ({wait.already_past} when past)"
    return f"until {wait.until}"


def trigger_in_words(trigger: Trigger) -> str:
    match trigger:
        case ActivityTest():
            return in_words(trigger)
        case SalesFeedback():
            return f"feedback {' or '.join(trigger.feedback)}"
        case Reply():
            return "a reply"
        case SegmentEntered():
            return f"entering {trigger.segment_entered}"
    return f"leaving {trigger.segment_left}"


def _at(at: str | None) -> str:
    return f" at {at}" if at is not None else ""
