"""Steps of a scenario that compare arms (experiments, holdouts): what a person chose, and who took an arm by chance."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from sodate.dynamodb.table import Write
from sodate.experiments.decision import ExperimentName
from sodate.experiments.store import TakenArm, arm_taken, find_decision
from sodate.leads.contact_state import Enrollment
from sodate.scenarios.advance import Advance
from sodate.scenarios.program import Program
from sodate.scenarios.steps import HoldoutStep, SplitStep

Run = TypeVar("Run", Advance, Advance | None)


def name_of_step(program: Program, step: str) -> ExperimentName:
    return ExperimentName("scenario", program.id, step)


def chosen_arms(program: Program) -> dict[str, str]:
    """What people chose, by step; one read per step with an experiment."""
    decisions = {step: find_decision(name_of_step(program, step)) for step in _experiments(program)}
    return {step: decision.variant for step, decision in decisions.items() if decision is not None}


def with_choices(
    program: Program,
    enrollment: Enrollment,
    advance_with: Callable[[Mapping[str, str]], Run],
    chosen: Callable[[], Mapping[str, str]],
) -> Run:
    """What `advance_with` decides with the arms that people chose; they are read when it takes an arm by chance."""
    advance = advance_with({})
    if advance is None or not any(
        step in advance.enrollment.arms and step not in enrollment.arms for step in _experiments(program)
    ):
        return advance
    return advance_with(choices) if (choices := chosen()) else advance


def _experiments(program: Program) -> list[str]:
    steps = (one.step for one in program.nodes)
    return [step.id for step in steps if isinstance(step, SplitStep) and step.experiment is not None]


def arms_taken_by_chance(
    program: Program, name: str, lead_id: str, enrollment: Enrollment, advance: Advance, now: datetime
) -> Iterator[Write]:
    """What the analysis counts: new arms, but not those that a person chose. `enrollment`, `name`: as it was."""
    holdouts = [one.id for one in program.nodes if isinstance(one.step, HoldoutStep)]
    compared = {*_experiments(program), *holdouts}
    for step, arm in advance.enrollment.arms.items():
        if step in compared and step not in enrollment.arms and step not in advance.enrollment.chosen:
            yield arm_taken(name_of_step(program, step), name, TakenArm(lead_id, arm, now, program.version))
