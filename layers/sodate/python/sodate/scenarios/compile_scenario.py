"""Compiles a scenario or a sequence to its program, and refuses a graph that cannot work. Pure."""

from collections.abc import Callable

from sodate.scenarios import program
from sodate.scenarios.program import AnyNode, Program
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.sequence import Sequence
from sodate.scenarios.steps import SendStep, Step


def compile_scenario(scenario: Scenario, version: int) -> Program:
    """Raises: `ValueError` that names the step and says what to do."""
    steps = [step for step in scenario.steps if step.end is None]
    places = {step.id: index for index, step in enumerate(steps)}
    if len({step.id for step in scenario.steps}) != len(scenario.steps):
        raise ValueError("two steps have the same `id`")
    places |= {step.id: len(steps) for step in scenario.steps if step.end is not None}
    below = _steps_below(scenario.steps, places, len(steps))

    def target(step: Step, wanted: str | None) -> int:
        if wanted is None:
            return below[step.id]
        if wanted not in places:
            known = ", ".join(places)
            raise ValueError(f"step `{step.id}` goes on at `{wanted}`, which does not exist; known: {known}")
        return places[wanted]

    goals = tuple(goal.when for goal in scenario.goals if goal.ends_enrollment)
    compiled = Program(
        scenario.id, version, tuple(_node(step, target, len(steps)) for step in steps), (*goals, *scenario.exit_when)
    )
    if lost := program.unreachable(compiled):
        raise ValueError(f"no enrollment reaches step `{lost[0]}`: let a step go on there with `then`, or remove it")
    if cycle := program.cycle_without_wait(compiled):
        raise ValueError(f"the steps {' → '.join((*cycle, cycle[0]))} go round without a wait: add a `wait`")
    return compiled


def compile_sequence(sequence: Sequence, version: int) -> Program:
    """A sequence is linear: before each email a wait that counts from the enrollment."""
    nodes: list[AnyNode] = []
    for number, step in enumerate(sequence.steps):
        wait = program.SinceEnrollment(step)
        nodes.append(program.WaitUntil(f"{step.id}-wait", 2 * number + 1, wait))
        send = SendStep(template=step.template, valid_hours=step.valid_hours)
        nodes.append(program.Send(step.id, 2 * number + 2, send))
    return Program(sequence.id, version, tuple(nodes))


def _steps_below(steps: tuple[Step, ...], places: dict[str, int], end: int) -> dict[str, int]:
    """By step: where it goes on by default, the step below it."""
    following = [places[step.id] for step in steps[1:]]
    return {step.id: place for step, place in zip(steps, [*following, end], strict=True)}


def _node(step: Step, target: Callable[[Step, str | None], int], end: int) -> AnyNode:
    then = target(step, step.then if step.branch is None else step.otherwise)
    if step.send is not None:
        return program.Send(step.id, then, step.send)
    if step.wait is not None:
        return program.WaitUntil(step.id, then, step.wait)
    if step.wait_for is not None:
        otherwise = target(step, step.otherwise)
        return program.WaitFor(step.id, then, step.wait_for.when, step.wait_for.at_most, otherwise)
    if step.branch is not None:
        return program.Branch(step.id, then, tuple((arm.when, target(step, arm.then)) for arm in step.branch))
    if step.split is not None:
        return program.Split(step.id, then, tuple((arm.percent, target(step, arm.then)) for arm in step.split))
    if step.holdout is not None:
        return program.Split(step.id, then, ((step.holdout, end),))
    return program.Act(step.id, then, step.content)
