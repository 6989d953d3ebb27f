"""Decides the experiment of a split: when the first leads of each arm have had their time, or at any look when it is
always valid.

While the scenario is published and nothing is decided, a review is due every six hours; each plans the next one before
anything else. It counts for some seconds and goes on in another task, with what it has counted in the message. The
decision is written once: a review that is repeated, or that crashes and comes again, decides nothing anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sodate.dynamodb import keys
from sodate.email.delivery.experiment_message import ArmReview
from sodate.errors import NotFound
from sodate.experiments.decision import Arms, decide
from sodate.experiments.look import Look
from sodate.experiments.store import AUTOMATIC, Decision, find_decision, put_first
from sodate.playbook.store import Definitions
from sodate.scenarios.experiment_steps import name_of_step
from sodate.scenarios.lane import lane_of
from sodate.scenarios.measure_arms import count_arms, decidable_at, experiment_of, sample_of, success_in_scenario
from sodate.scenarios.program import Program
from sodate.scenarios.programs import live_program, live_programs
from sodate.scenarios.steps import SplitStep
from sodate.scheduling import store as due

_EVERY = timedelta(hours=6)
#: Within one invocation; the next task goes on two minutes later.
BUDGET = timedelta(seconds=20)
#: Events of the last minutes may still be on their way into the log.
UNREPORTED = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plan_reviews(definitions: Definitions, now: datetime) -> None:
    """Plan the next review of every experiment, after a publication. One that is planned already is the same entry."""
    for live in live_programs(definitions):
        for step in _automatic(live):
            _plan(live, ArmReview(live.id, step.id, _next_review(now)), now)


def _automatic(live: Program) -> Iterator[SplitStep]:
    for step in (node.step for node in live.nodes if live.is_published):
        if isinstance(step, SplitStep) and step.experiment is not None and step.experiment.winner == "automatic":
            yield step


def _next_review(now: datetime) -> datetime:
    """Equal for everybody who plans it, so that a scenario has one review at a time however often it is published."""
    return _EPOCH + ((now - _EPOCH) // _EVERY + 1) * _EVERY


def _plan(live: Program, review: ArmReview, now: datetime) -> None:
    due.plan(review.at, lane_of(live), review.ref, review, now)


@dataclass(frozen=True)
class ArmReviews:
    definitions: Definitions
    now: Callable[[], datetime]

    def act(self, review: ArmReview, began: datetime) -> Counter[str]:
        """The outcome of the task. `began`: when the invocation began."""
        found = self._undecided(review)
        if found is None:
            return Counter({"review_ended": 1})
        live, step = found
        _plan(live, ArmReview(live.id, step.id, _next_review(self.now())), self.now())
        return Counter({self._look(live, step, review, began): 1})

    def _undecided(self, review: ArmReview) -> tuple[Program, SplitStep] | None:
        """None: the scenario does not run, a person decides, or it is decided."""
        try:
            live = live_program(self.definitions, review.scenario)
        except NotFound:
            return None
        step = next((one for one in _automatic(live) if one.id == review.step), None)
        if step is None or find_decision(name_of_step(live, step.id)) is not None:
            return None
        return live, step

    def _look(self, live: Program, step: SplitStep, review: ArmReview, began: datetime) -> str:
        experiment, look = experiment_of(step), self._begun(live, step, review)
        taken = [one for one in sample_of(self.definitions, live, step)[0] if one.at <= look.until]
        at = decidable_at(taken, step)
        if at is None or at > look.until:
            return self._wait(live, step, at)
        look, is_complete = count_arms(
            taken, experiment, success_in_scenario(live, experiment), look, lambda: self.now() - began <= BUDGET
        )
        if not is_complete:
            now = self.now()
            _plan(live, replace(review, at=now, look=look.to_text(), version=live.version), now)
            return "review_goes_on"
        return self._decide(live, step, look)

    def _begun(self, live: Program, step: SplitStep, review: ArmReview) -> Look:
        """A new version may have other weights, and then other leads count."""
        if review.look is not None and review.version == live.version:
            return Look.parse(review.look)
        return Look(self.now() - UNREPORTED, experiment_of(step).horizon)

    def _wait(self, live: Program, step: SplitStep, at: datetime | None) -> str:
        """Until the moment itself, when it comes before the next review."""
        now = self.now()
        if at is not None and at + UNREPORTED < _next_review(now):
            _plan(live, ArmReview(live.id, step.id, at + UNREPORTED), now)
        return "review_waits"

    def _decide(self, live: Program, step: SplitStep, look: Look) -> str:
        experiment = experiment_of(step)
        arms, at_horizon = Arms(step.weights, experiment.default), not experiment.always_valid
        verdict = decide(experiment, arms, look.counts, at_horizon=at_horizon)
        if not verdict.is_final:
            return "review_waits"
        variant, at = verdict.variant or experiment.default, keys.stamp(self.now())
        put_first(name_of_step(live, step.id), Decision(variant, verdict.outcome, AUTOMATIC, at, counts=look.counts))
        return "decided"
