"""Experiments by the name that people type: all of them, what was decided, and their figures now. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sodate.broadcasts.broadcast import Broadcast, local_of
from sodate.broadcasts.choose import experiment_of
from sodate.broadcasts.decide_variant import is_complete, new_look
from sodate.broadcasts.measure import measure
from sodate.broadcasts.run import Run
from sodate.broadcasts.schedule import decides_at
from sodate.broadcasts.store import load_run, runs_of
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.experiments.analysis import Analysis, analysis_of
from sodate.experiments.decision import Arms, ExperimentName
from sodate.experiments.store import Decision, find_decision
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scenarios.experiment_steps import name_of_step
from sodate.scenarios.measure_arms import analyses_of, step_of
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.steps import HoldoutStep, SplitStep

#: Runs per broadcast in the list.
_LATEST = 5


@dataclass(frozen=True)
class Known:
    """`kind`: `broadcast`, `split` or `holdout`. `state`: of the run, or of the scenario. `run`: of a broadcast."""

    name: ExperimentName
    kind: str
    metric: str
    state: str
    arms: Arms | None
    decision: Decision | None
    run: Run | None = None


def every(definitions: Definitions) -> Iterator[Known]:
    """Of the live broadcasts (their latest runs) and scenarios."""
    for stored in definitions.all_live("broadcast"):
        if parsed(stored, Broadcast).experiment is not None:
            yield from (_of_run(definitions, run) for run in runs_of(stored.id, _LATEST) if run.version)
    for live in live_programs(definitions):
        yield from (_of_step(live, node.step) for node in live.nodes if _compares(node.step))  # type: ignore[arg-type]


def find(definitions: Definitions, text: str) -> Known:
    """`text`: a broadcast (its latest run that has begun), `broadcast/run` or `scenario/step`.

    Raises: `NotFound`, with what to type.
    """
    of, _, part = text.partition("/")
    try:
        definitions.live("broadcast", of)
    except NotFound:
        if not part:
            raise NotFound(Message("no broadcast {of!r}; of a scenario, write scenario/step", of=of)) from None
        live = live_program(definitions, of)
        return _of_step(live, step_of(live, part))
    run = load_run(of, part) if part else next((run for run in runs_of(of) if run.version), None)
    if run is None:
        raise NotFound(Message("no run of broadcast {of!r} has begun yet", of=of))
    return _of_run(definitions, run)


def analyses(definitions: Definitions, known: Known, now: datetime) -> list[Analysis]:
    """Reads each lead of the sample, or each lead that took an arm."""
    run = known.run
    if run is None:
        return analyses_of(definitions, known.name.of, known.name.part, now)
    broadcast = parsed(definitions.version("broadcast", run.broadcast, run.version), Broadcast)
    experiment, mailing = experiment_of(definitions, run), parsed(definitions.live("mailing"), Mailing)
    look, _ = measure(run, experiment, new_look(definitions, run, broadcast, now), lambda: True)
    at_horizon = look.until >= decides_at(broadcast, mailing, local_of(run.occurrence)) and is_complete(
        look.open, look.leads
    )
    return [analysis_of(known.name, experiment, experiment.arms, look, at_horizon=at_horizon)]


def _of_run(definitions: Definitions, run: Run) -> Known:
    experiment, decision = experiment_of(definitions, run), find_decision(run.experiment)
    return Known(run.experiment, "broadcast", experiment.metric, run.state, experiment.arms, decision, run)


def _of_step(live: Program, step: SplitStep | HoldoutStep) -> Known:
    name, state = name_of_step(live, step.id), live.status.value
    if isinstance(step, HoldoutStep) or step.experiment is None:
        return Known(name, "holdout", "goals", state, None, None)
    arms = Arms(step.weights, step.experiment.default)
    return Known(name, "split", step.experiment.metric, state, arms, find_decision(name))


def _compares(step: object) -> bool:
    return isinstance(step, HoldoutStep) or (isinstance(step, SplitStep) and step.experiment is not None)
