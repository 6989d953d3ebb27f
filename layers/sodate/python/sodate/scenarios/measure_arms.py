"""Counts leads and successes per arm of a split with an experiment, or of a holdout, from who took which arm.

It reads one small item per lead that took an arm, and the log since then of each lead that counts.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sodate.activities.store import activities_since
from sodate.errors import NotFound
from sodate.experiments.analysis import Analysis, analysis_of
from sodate.experiments.decision import Arms, ExperimentName
from sodate.experiments.experiment import LONGEST_HOURS
from sodate.experiments.intervals import Count
from sodate.experiments.look import Look
from sodate.experiments.store import TakenArm, arms_taken
from sodate.experiments.success import IsSuccess, Window, goal_reached, success_in, success_of
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scenarios.decide import CONTINUES, KEPT_OUT
from sodate.scenarios.experiment_steps import name_of_step
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, program
from sodate.scenarios.scenario import Goal
from sodate.scenarios.steps import HoldoutStep, SplitExperiment, SplitStep


def analyses_of(definitions: Definitions, scenario: str, step_id: str, now: datetime) -> list[Analysis]:
    """Of a split: one. Of a holdout: one per goal of the scenario.

    Raises: `NotFound` when there is no such step, or it compares nothing.
    """
    live = live_program(definitions, scenario)
    step, name = step_of(live, step_id), name_of_step(live, step_id)
    if isinstance(step, HoldoutStep):
        taken, note = _of_equal_weights(definitions, live, name, {KEPT_OUT: step.holdout})
        return [_of_goal(name, step, goal, taken, note, now) for goal in live.goals]
    experiment = experiment_of(step)
    taken, note = sample_of(definitions, live, step)
    look, _ = count_arms(taken, experiment, success_in_scenario(live, experiment), Look(now, experiment.horizon))
    arms = Arms(step.weights, experiment.default)
    is_complete = all(look.counts.get(arm, Count()).leads >= experiment.minimum_per_variant for arm in arms.weights)
    at_horizon = not experiment.always_valid and is_complete
    return [replace(analysis_of(name, experiment, arms, look, at_horizon=at_horizon), note=note)]


def sample_of(definitions: Definitions, live: Program, step: SplitStep) -> tuple[list[TakenArm], str]:
    """Who counts, in the order of time, and a note about who does not: later leads change nothing before them."""
    experiment = experiment_of(step)
    taken, note = _of_equal_weights(definitions, live, name_of_step(live, step.id), step.weights)
    taken = sorted((one for one in taken if one.arm in step.weights), key=lambda one: (one.at, one.lead_id))
    return taken if experiment.always_valid else _first(taken, experiment.minimum_per_variant), note


def decidable_at(taken: Sequence[TakenArm], step: SplitStep) -> datetime | None:
    """From when on the leads of a sample (`sample_of`) decide. None: an arm has too few. Pure."""
    experiment, leads = experiment_of(step), Counter(one.arm for one in taken)
    if any(leads[arm] < experiment.minimum_per_variant for arm in step.weights):
        return None
    if experiment.always_valid:
        return taken[0].at + timedelta(hours=experiment.minimum_hours)
    return taken[-1].at + experiment.horizon


def success_in_scenario(live: Program, experiment: SplitExperiment) -> IsSuccess:
    if experiment.goal is not None:
        return goal_reached(live.id, experiment.goal)
    return success_of(experiment, sequence=live.id)


def step_of(live: Program, step_id: str) -> SplitStep | HoldoutStep:
    """Raises: `NotFound`."""
    step = next((one.step for one in live.nodes if one.id == step_id), None)
    if isinstance(step, HoldoutStep) or (isinstance(step, SplitStep) and step.experiment is not None):
        return step
    raise NotFound(
        Message(
            "scenario {id!r} has no holdout and no split with an `experiment` at step {step_id!r}",
            id=live.id,
            step_id=step_id,
        )
    )


def experiment_of(step: SplitStep) -> SplitExperiment:
    if step.experiment is None:
        raise NotFound(Message("step {id!r} has no `experiment`", id=step.id))
    return step.experiment


def _of_goal(
    name: ExperimentName, step: HoldoutStep, goal: Goal, taken: Sequence[TakenArm], note: str, now: datetime
) -> Analysis:
    """A holdout is looked at again and again, so its interval is always valid."""
    hours = min(goal.within_days * 24, LONGEST_HOURS)
    experiment = SplitExperiment(
        metric="conversion", goal=goal.id, decide_after_hours=hours, always_valid=True, default=KEPT_OUT
    )
    look, _ = count_arms(taken, experiment, goal_reached(name.of, goal.id), Look(now, experiment.horizon))
    arms = Arms({CONTINUES: 100 - step.holdout, KEPT_OUT: step.holdout}, KEPT_OUT)
    return replace(analysis_of(name, experiment, arms, look, at_horizon=False), note=note)


def count_arms(
    taken: Sequence[TakenArm], experiment: SplitExperiment, is_success: IsSuccess, look: Look,
    has_time: Callable[[], bool] = lambda: True,
) -> tuple[Look, bool]:  # fmt: skip
    """The look with as many more leads as there is time for, at least one, and whether it has all of them."""
    begins_at = look.next_batch
    for number in range(begins_at, len(taken)):
        if number > begins_at and not has_time():
            return look, False
        look = replace(_with_lead(look, taken[number], experiment, is_success), next_batch=number + 1)
    return look, True


def _with_lead(look: Look, one: TakenArm, experiment: SplitExperiment, is_success: IsSuccess) -> Look:
    end = one.at + experiment.horizon
    if end > look.until and not experiment.always_valid:
        return look.counted(one.arm, Count(), 0, 1)
    success = success_in(activities_since(one.lead_id, one.at), is_success, Window(one.at, min(end, look.until)))
    return look.counted(one.arm, Count(1, int(success.is_one)), int(success.by_robot), int(end > look.until))


def _first(ordered: Sequence[TakenArm], most: int) -> list[TakenArm]:
    """So many of each arm: later leads change nothing, so it does not matter when one looks."""
    seen, first = Counter[str](), list[TakenArm]()
    for one in ordered:
        seen[one.arm] += 1
        if seen[one.arm] <= most:
            first.append(one)
    return first


def _of_equal_weights(
    definitions: Definitions, live: Program, name: ExperimentName, weights: Mapping[str, float]
) -> tuple[list[TakenArm], str]:
    """Those whose version had the weights that are live, and how many had others."""
    every = list(arms_taken(name))
    equal = {
        version
        for version in {one.version for one in every}
        if _weights(program(definitions, name.of, version), name.part) == weights
    }
    counted = [one for one in every if one.version in equal]
    others = len(every) - len(counted)
    return counted, f"{others} leads of versions with other weights are not counted" if others else ""


def _weights(version: Program, step_id: str) -> dict[str, float]:
    step = next((one.step for one in version.nodes if one.id == step_id), None)
    if isinstance(step, HoldoutStep):
        return {KEPT_OUT: step.holdout}
    return dict(step.weights) if isinstance(step, SplitStep) else {}
