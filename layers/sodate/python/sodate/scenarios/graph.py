"""The graph of a scenario's steps: its edges, and every fault for which it is refused. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sodate.messages import Message
from sodate.playbook.problem import did_you_mean
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.steps import (
    END,
    STAY,
    BranchStep,
    EndStep,
    EnrollStep,
    HoldoutStep,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
)
from sodate.scenarios.waits import BusinessDays, CalendarDays, Elapsed, OnDate, Wait

#: Index of a step → indexes to which an edge leads.
_Edges = Mapping[int, Sequence[int]]

#: Keys and positions in the YAML file (`playbook.yamlfile.Path`, without that module).
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """`path`: in the scenario's file."""

    path: Path
    message: str
    hint: str
    rule: str


def exits_of(step: Step) -> tuple[tuple[Path, str | None], ...]:
    """The exits of a step in the order of `Node.next`: the key that names each, and the target; None: the step below.

    A step whose `then` is not written leads to the step below it.
    """
    match step:
        case EndStep():
            return ((("end",), END),)
        case BranchStep():
            cases = tuple((("branch", index, "then"), case.then) for index, case in enumerate(step.branch))
            return (*cases, (("otherwise",), step.otherwise))
        case SplitStep():
            return tuple((("split", index, "then"), arm.then) for index, arm in enumerate(step.split))
        case WaitForStep():
            return ((("then",), step.then), (("on_timeout",), step.on_timeout))
        case HoldoutStep():
            return ((("then",), step.then), (("otherwise",), step.otherwise))
        case _:
            return ((("then",), step.then),)


def can_skip(step: Step) -> bool:
    """Whether the step is a wait for a date that may leave the next step out."""
    return (
        isinstance(step, WaitStep)
        and isinstance(step.wait, OnDate)
        and "skip" in (step.wait.already_past, step.wait.missing)
    )


def takes_time(wait: Wait) -> bool:
    """Whether the wait takes time whenever a lead comes to it.

    A date may be past, and a lead may come to `until: "10:00"` at ten o'clock, or to `weekday: mon` on a Monday.
    """
    match wait:
        case Elapsed():
            return bool(wait.minutes or wait.hours or wait.days_of_24_hours)
        case CalendarDays():
            return wait.days > 0
        case BusinessDays():
            return wait.business_days > 0
    return False


def faults_of(scenario: Scenario) -> tuple[Fault, ...]:
    """Every fault of the steps. The graph is looked at only when each id and target is right."""
    names = [*_ids(scenario), *_targets(scenario)]
    if names:
        return tuple(names)
    return tuple([*_skips(scenario), *_empty_waits(scenario), *_unreachable(scenario), *_cycles(scenario)])


def reached_at_once(scenario: Scenario) -> tuple[int, ...]:
    """Indexes of the steps to which a lead can come in the moment in which it enters. The steps have no faults."""
    reached = _reached(_with_skips(scenario, _instant_edges(scenario)))
    return tuple(index for index in range(len(scenario.steps)) if index in reached)


def _ids(scenario: Scenario) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, step in enumerate(scenario.steps):
        path: Path = ("steps", index, "id")
        if step.id == END:
            yield Fault(
                path,
                Message("`end` means that the enrollment ends; no step has this id"),
                Message("rename it"),
                "step-id",
            )
        elif step.id in scenario.removed_steps:
            yield Fault(
                path, Message("`{id}` is in `removed_steps`, too", id=step.id), Message("take it out there"), "step-id"
            )
        elif step.id in seen:
            yield Fault(
                path, Message("two steps have the id `{id}`", id=step.id), Message("give each its own id"), "step-id"
            )
        seen.add(step.id)


def _targets(scenario: Scenario) -> Iterator[Fault]:
    known = {step.id for step in scenario.steps} | {END}
    for index, step in enumerate(scenario.steps):
        for key, target in exits_of(step):
            if target is not None and target not in known:
                hint = did_you_mean(target, known)
                yield Fault(
                    ("steps", index, *key), Message("there is no step `{target}`", target=target), hint, "step-exists"
                )
    for old, target in scenario.removed_steps.items():
        if target not in known | {STAY}:
            hint = did_you_mean(target, known | {STAY})
            yield Fault(
                ("removed_steps", old), Message("there is no step `{target}`", target=target), hint, "step-exists"
            )


def _skips(scenario: Scenario) -> Iterator[Fault]:
    """`skip` leaves the next step out, so that step must have one successor."""
    edges = _edges(scenario)
    for index, step in enumerate(scenario.steps):
        skipped = edges[index][0]
        if can_skip(step) and skipped < len(scenario.steps) and len(exits_of(scenario.steps[skipped])) > 1:
            message = Message("`{id}` has several exits, so it cannot be skipped", id=scenario.steps[skipped].id)
            hint = Message("write `end` or `continue`, or put a step in between")
            yield Fault(("steps", index, "wait"), message, hint, "skip-one-exit")


def _empty_waits(scenario: Scenario) -> Iterator[Fault]:
    for index, step in enumerate(scenario.steps):
        for key in ("wait", "timeout"):
            wait = getattr(step, key, None)
            if isinstance(wait, Elapsed) and not takes_time(wait):
                yield Fault(
                    ("steps", index, key), Message("this wait takes no time"), Message("write how long"), "wait-empty"
                )


def _unreachable(scenario: Scenario) -> Iterator[Fault]:
    reached = _reached(_with_skips(scenario, _edges(scenario)))
    for index, step in enumerate(scenario.steps):
        if index not in reached:
            hint = Message("name it in a `then`, `otherwise` or `on_timeout`, or remove it")
            yield Fault(
                ("steps", index, "id"), Message("no step leads to `{id}`", id=step.id), hint, "step-unreachable"
            )


def _cycles(scenario: Scenario) -> Iterator[Fault]:
    """Cycles that a lead can go round without waiting, and enrollments in the scenario itself without a wait."""
    instant = _with_skips(scenario, _instant_edges(scenario))
    cycle = _cycle(instant)
    if cycle:
        names = " → ".join(f"`{scenario.steps[index].id}`" for index in (*cycle, cycle[0]))
        hint = Message("put a wait that always takes time in between, such as `days: 1`")
        yield Fault(("steps", cycle[-1], "id"), Message("a cycle without a wait: {names}", names=names), hint, "cycle")
    for index in sorted(_reached(instant)):
        step = scenario.steps[index] if index < len(scenario.steps) else None
        if isinstance(step, EnrollStep) and step.enroll == scenario.id:
            message = Message("the scenario enrolls in itself without a wait")
            yield Fault(("steps", index, "enroll"), message, Message("put a wait in front of it"), "enroll-itself")


def _edges(scenario: Scenario) -> dict[int, tuple[int, ...]]:
    position = {step.id: index for index, step in enumerate(scenario.steps)} | {END: len(scenario.steps)}
    return {
        index: tuple(index + 1 if target is None else position[target] for _, target in exits_of(step))
        for index, step in enumerate(scenario.steps)
    }


def _instant_edges(scenario: Scenario) -> dict[int, tuple[int, ...]]:
    """Edges that a lead can take in the moment in which it comes to the step."""
    edges = _edges(scenario)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, WaitStep) and takes_time(step.wait):
            edges[index] = ()
        elif isinstance(step, WaitForStep):
            happened, timeout = edges[index]
            at_once = [happened] if step.since == "enrollment" else []
            edges[index] = (*at_once, *([] if takes_time(step.timeout) else [timeout]))
    return edges


def _with_skips(scenario: Scenario, edges: _Edges) -> _Edges:
    """Also the edges by which a wait for a date leaves the next step out."""
    every = _edges(scenario)
    skips = {
        index: every[every[index][0]][:1]
        for index, step in enumerate(scenario.steps)
        if can_skip(step) and every[index][0] < len(scenario.steps)
    }
    return {index: (*targets, *skips.get(index, ())) for index, targets in edges.items()}


def _reached(edges: _Edges) -> set[int]:
    reached: set[int] = set()
    ahead = [0]
    while ahead:
        index = ahead.pop()
        if index not in reached:
            reached.add(index)
            ahead += edges.get(index, ())
    return reached


def _cycle(edges: _Edges) -> tuple[int, ...]:
    """Steps of one cycle, in the order of its edges; empty when there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        backwards: list[int] = error.args[1]
        return tuple(reversed(backwards[1:]))
    return ()
