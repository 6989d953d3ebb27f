"""The result of an experiment for people: counts, intervals, verdict, decision. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sodate.experiments.decision import Arms, Comparison, ExperimentName, Outcome, Verdict, decide
from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count, Interval, rate_interval
from sodate.experiments.look import Look
from sodate.messages import Message


@dataclass(frozen=True)
class Analysis:
    """`open`: leads whose email has not left, or whose success may still come. `robots`: leads with clicks by robots
    only, by variant. `note`: what people should know of the counts.
    """

    name: ExperimentName
    experiment: Experiment
    arms: Arms
    counts: Mapping[str, Count]
    verdict: Verdict
    open: int = 0
    robots: Mapping[str, int] = field(default_factory=dict)
    note: str = ""

    def interval(self, variant: str) -> Interval:
        return rate_interval(self.counts.get(variant, Count()), self.experiment.level)

    def comparison(self, variant: str) -> Comparison | None:
        """None of the default."""
        return next((one for one in self.verdict.comparisons if one.variant == variant), None)

    def robot_share(self, variant: str) -> float | None:
        """Of the leads with a click, those with clicks by robots only; None: nobody clicked."""
        robots, people = self.robots.get(variant, 0), self.counts.get(variant, Count()).successes
        return robots / (robots + people) if robots + people else None


def analysis_of(name: ExperimentName, experiment: Experiment, arms: Arms, look: Look, *, at_horizon: bool) -> Analysis:
    verdict = decide(experiment, arms, look.counts, at_horizon=at_horizon)
    return Analysis(name, experiment, arms, look.counts, verdict, look.open, look.robots)


def in_words(outcome: str, variant: str | None, default: str) -> str:
    match Outcome(outcome):
        case Outcome.WINNER:
            return Message("{variant} wins", variant=variant)
        case Outcome.NO_DIFFERENCE:
            return Message("no difference found: the default {default} stays", default=default)
        case Outcome.TOO_FEW:
            return Message("too few leads: nothing wins, the default {default} stays", default=default)
        case Outcome.TOO_EARLY:
            return Message("too early: these figures decide nothing yet")
        case Outcome.CHOSEN:
            return Message("a person chose {variant}", variant=variant)
        case Outcome.NOBODY_CHOSE:
            return Message("nobody chose in time: the default {default} stays", default=default)
