"""Looks at the experiment of a run, decides it once, and releases the leads that wait for the decision.

Each task counts for some seconds, or releases for some seconds, and then moves the run on by one conditional write. The
decision is an item of its own that is written once: after a crash, and for a repeated message, the same one stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.broadcasts.broadcast import Broadcast, local_of
from sodate.broadcasts.measure import UNREPORTED, measure
from sodate.broadcasts.run import Run
from sodate.broadcasts.schedule import LATE, decides_at, exposure, instants, next_time_of
from sodate.broadcasts.store import batches_of, commit, due_entry, moved, next_task
from sodate.broadcasts.variants import BroadcastExperiment
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import encode
from sodate.email.delivery.broadcast_message import MAIN, BroadcastBatch
from sodate.email.mailing import Mailing
from sodate.experiments.decision import Outcome, decide
from sodate.experiments.look import Look
from sodate.experiments.store import AUTOMATIC, Decision, find_decision, put_first
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed

#: Within one invocation; the next task goes on two minutes later.
BUDGET = timedelta(seconds=20)
FIRST_REVIEW = timedelta(minutes=30)
#: Between two looks.
LOOK_AGAIN = timedelta(minutes=30)
#: So many due entries are written at once.
_AT_ONCE = 25
#: At the horizon, this share of the sample may still be on its way.
_STRAGGLERS = 0.02


def first_look(broadcast: Broadcast, mailing: Mailing, occurrence: str) -> datetime:
    """With `winner: by_person`, the moment at which nobody has chosen."""
    local, experiment = local_of(occurrence), broadcast.experiment
    horizon = decides_at(broadcast, mailing, local) + UNREPORTED
    if experiment is None or (experiment.winner == "automatic" and not experiment.always_valid):
        return horizon
    if experiment.winner == "by_person":
        return horizon + timedelta(hours=experiment.person_has_hours)
    return instants(broadcast, mailing, local)[-1] + timedelta(hours=experiment.minimum_hours) + LATE + UNREPORTED


def new_look(definitions: Definitions, run: Run, broadcast: Broadcast, now: datetime) -> Look:
    until, mailing = now - UNREPORTED, parsed(definitions.live("mailing"), Mailing)
    return Look(until, exposure(broadcast, mailing, local_of(run.occurrence), until))


def is_complete(still_open: int, leads: int) -> bool:
    """Whether each lead of the sample has had its time, but for a few that are late."""
    return still_open <= _STRAGGLERS * (still_open + leads)


@dataclass(frozen=True)
class VariantDecision:
    definitions: Definitions
    now: Callable[[], datetime]

    def advance(self, run: Run, began: datetime) -> str:
        """Returns the outcome. Raises: `Transient` when another process moves the run on."""
        broadcast = parsed(self.definitions.version("broadcast", run.broadcast, run.version), Broadcast)
        decision = find_decision(run.experiment)
        if run.state == "cancelled" or decision is not None:
            return self._release(run, broadcast, decision, began)
        experiment = broadcast.experiment
        if experiment is None:
            raise ValueError(Message("{name} waits for an experiment that it does not have", name=run.name))
        look = Look.parse(run.look) if run.look else new_look(self.definitions, run, broadcast, self.now())
        look, is_complete = measure(run, experiment, look, lambda: self.now() - began <= BUDGET)
        if not is_complete:
            return self._go_on(run, look.to_text(), self.now(), "counting")
        decision = self._decision(run, broadcast, experiment, look)
        if decision is None:
            return self._go_on(run, None, self.now() + LOOK_AGAIN, "undecided")
        put_first(run.experiment, decision)
        return self._go_on(run, None, self.now(), "decided")

    def _go_on(self, run: Run, look: str | None, at: datetime, outcome: str) -> str:
        after = replace(run, task=run.task + 1, look=look)
        commit(run, [moved(run, after), next_task(after, at, self.now())])
        return outcome

    def _decision(
        self, run: Run, broadcast: Broadcast, experiment: BroadcastExperiment, look: Look
    ) -> Decision | None:  # fmt: skip
        """None: it is looked at again."""
        at = keys.stamp(self.now())
        if experiment.winner == "by_person":
            return Decision(experiment.default, Outcome.NOBODY_CHOSE, AUTOMATIC, at, counts=look.counts)
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        horizon = decides_at(broadcast, mailing, local_of(run.occurrence))
        latest = horizon + timedelta(hours=broadcast.valid_hours)
        at_horizon = look.until >= latest or (look.until >= horizon and is_complete(look.open, look.leads))
        verdict = decide(experiment, experiment.arms, look.counts, at_horizon=at_horizon)
        if not verdict.is_final:
            return None
        return Decision(verdict.variant or experiment.default, verdict.outcome, AUTOMATIC, at, counts=look.counts)

    # -- release -------------------------------------------------------------------------------------------------------

    def _release(self, run: Run, broadcast: Broadcast, decision: Decision | None, began: datetime) -> str:
        """Plans the batches that wait. Of a cancelled run too: each lead of it gets an outcome when it is due."""
        at, released, waiting = self._release_at(run, broadcast, decision), run.released, list[BroadcastBatch]()
        is_done = True
        for batch in batches_of(run, run.released):
            if batch.number > run.released and self.now() - began > BUDGET:
                is_done = False
                break
            if batch.cell == MAIN:
                waiting.append(BroadcastBatch(run.broadcast, run.occurrence, at, batch.leads, MAIN))
            if len(waiting) >= _AT_ONCE:
                self._plan(waiting)
            released = batch.number + 1
        self._plan(waiting)
        now = self.now()
        after = replace(run, task=run.task + 1, released=released, is_holding=not is_done, look=None)
        if is_done and run.state == "testing":
            after = replace(after, state="sending")
        follows = [] if after.is_over and is_done else [next_task(after, now + FIRST_REVIEW if is_done else now, now)]
        commit(run, [moved(run, after), *follows])
        return "released" if is_done else "releasing"

    def _release_at(self, run: Run, broadcast: Broadcast, decision: Decision | None) -> datetime:
        """Of a decision, equal for each task and repetition: what is planned twice is planned equally."""
        if decision is None or broadcast.experiment is None:
            return self.now()
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        variant = broadcast.experiment.variant(decision.variant)
        return next_time_of(variant, mailing, datetime.fromisoformat(decision.at))

    def _plan(self, waiting: list[BroadcastBatch]) -> None:
        now = self.now()
        table.put_many([encode(due_entry(batch, now).item) for batch in waiting])
        waiting.clear()
