"""A person decides the experiment of a run."""

from datetime import datetime

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import plan_task
from sodate.broadcasts.variants import BroadcastExperiment
from sodate.errors import Conflict, NotFound
from sodate.experiments.choose import Choice
from sodate.experiments.choose import choose as choose_variant
from sodate.experiments.store import Decision
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed


def choose(definitions: Definitions, run: Run, choice: Choice, now: datetime) -> Decision:
    """The leads that wait, and those whose email has not left yet, get this variant; nobody gets a second email.

    Raises:
        Conflict: there is nobody left who could get it, or it was decided meanwhile.
        Invalid: there is no such variant, or no reason.
    """
    if run.state not in ("expanding", "testing", "sending"):
        raise Conflict(
            Message(
                "{name} is {state}: a variant can be chosen from its beginning until its end",
                name=run.name,
                state=run.state,
            )
        )
    experiment = experiment_of(definitions, run)
    if not experiment.is_sampled:
        raise Conflict(Message("{name}: everybody has a variant already (`sample: 100`)", name=run.name))
    decision = choose_variant(run.experiment, experiment.arms, choice, now)
    if run.state == "testing":
        plan_task(run, now)
    return decision


def experiment_of(definitions: Definitions, run: Run) -> BroadcastExperiment:
    """Of the version that the run has, or of the live one before it begins. Raises: `NotFound`."""
    stored = definitions.version("broadcast", run.broadcast, run.version) if run.version else None
    broadcast = parsed(stored or definitions.live("broadcast", run.broadcast), Broadcast)
    if broadcast.experiment is None:
        raise NotFound(Message("{name} has no experiment", name=run.name))
    return broadcast.experiment
