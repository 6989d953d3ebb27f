"""A person decides the experiment of a run, before or after the experiment itself did."""

from dataclasses import dataclass, replace
from datetime import datetime

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import plan_task
from sodate.broadcasts.variants import BroadcastExperiment
from sodate.dynamodb import keys
from sodate.errors import Conflict, Invalid, NotFound
from sodate.experiments.decision import Outcome
from sodate.experiments.store import Decision, find_decision, replace_decision
from sodate.leads.text import one_line
from sodate.playbook.store import Definitions, parsed

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Choice:
    variant: str
    person: str
    because: str


def choose(definitions: Definitions, run: Run, choice: Choice, now: datetime) -> Decision:
    """The leads that wait, and those whose email has not left yet, get this variant; nobody gets a second email.

    Raises:
        Conflict: there is nobody left who could get it, or it was decided meanwhile.
        Invalid: there is no such variant, or no reason.
    """
    reason = one_line(choice.because)[:_LONGEST_REASON]
    if not reason:
        raise Invalid("--because must say something")
    if run.state not in ("expanding", "testing", "sending"):
        raise Conflict(f"{run.name} is {run.state}: a variant can be chosen from its beginning until its end")
    experiment = experiment_of(definitions, run)
    if not experiment.is_sampled:
        raise Conflict(f"{run.name}: everybody has a variant already (`sample: 100`)")
    if choice.variant not in experiment.arms.weights:
        raise Invalid(f"no variant {choice.variant!r}; one of: {', '.join(experiment.arms.weights)}")
    before = find_decision(run.experiment)
    decision = Decision(choice.variant, Outcome.CHOSEN, choice.person, keys.stamp(now), reason)
    if before is not None:
        decision = replace(decision, counts=before.counts, earlier=(replace(before, earlier=()), *before.earlier))
    replace_decision(run.experiment, before, decision)
    if run.state == "testing":
        plan_task(run, now)
    return decision


def experiment_of(definitions: Definitions, run: Run) -> BroadcastExperiment:
    """Of the version that the run has, or of the live one before it begins. Raises: `NotFound`."""
    stored = definitions.version("broadcast", run.broadcast, run.version) if run.version else None
    broadcast = parsed(stored or definitions.live("broadcast", run.broadcast), Broadcast)
    if broadcast.experiment is None:
        raise NotFound(f"{run.name} has no experiment")
    return broadcast.experiment
