"""Which variant wins: from counts per variant to a verdict with its intervals. Pure.

Each variant is compared with the default, at the level divided by the number of comparisons (Bonferroni). So without
any difference, a winner is declared with at most the level's probability, whatever the number of variants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count, Interval, Scale, always_valid_ratio, difference_interval


@dataclass(frozen=True)
class ExperimentName:
    """`of`: the id of the broadcast or scenario. `part`: the occurrence of the run, or the id of the step."""

    source: Literal["broadcast", "scenario"]
    of: str
    part: str

    def __str__(self) -> str:
        return f"{self.of}/{self.part}"


class Outcome(StrEnum):
    WINNER = "winner"
    NO_DIFFERENCE = "no_difference"
    TOO_FEW = "too_few"
    """At the horizon a variant has fewer leads than the minimum."""
    TOO_EARLY = "too_early"
    CHOSEN = "chosen"
    """By a person, before or after the experiment was decided."""
    NOBODY_CHOSE = "nobody_chose"


@dataclass(frozen=True)
class Comparison:
    """Of a variant with the default. `interval`: simultaneous for all comparisons of the experiment."""

    variant: str
    scale: Scale
    interval: Interval

    @property
    def is_better(self) -> bool:
        return self.interval.low > self._equal

    @property
    def is_worse(self) -> bool:
        return self.interval.high < self._equal

    @property
    def _equal(self) -> float:
        return 0.0 if self.scale == "difference" else 1.0


@dataclass(frozen=True)
class Verdict:
    """`variant`: the winner; None for every other outcome, after which the default is sent."""

    outcome: Outcome
    variant: str | None = None
    comparisons: tuple[Comparison, ...] = ()

    @property
    def is_final(self) -> bool:
        return self.outcome is not Outcome.TOO_EARLY


@dataclass(frozen=True)
class Arms:
    """Variants with their weights, in the order of the file, those without new leads left out; and the default."""

    weights: Mapping[str, float]
    default: str

    @property
    def challengers(self) -> tuple[str, ...]:
        return tuple(variant for variant in self.weights if variant != self.default)


def decide(experiment: Experiment, arms: Arms, counts: Mapping[str, Count], *, at_horizon: bool) -> Verdict:
    """`at_horizon`: every success has had its time; before, only an always-valid experiment decides."""
    comparisons = compare(experiment, arms, counts)
    if not at_horizon and not experiment.always_valid:
        return Verdict(Outcome.TOO_EARLY, None, comparisons)
    fewest = min(counts.get(variant, Count()).leads for variant in arms.weights)
    if fewest < experiment.minimum_per_variant:
        return Verdict(Outcome.TOO_FEW if at_horizon else Outcome.TOO_EARLY, None, comparisons)
    winner = _winner(arms, counts, comparisons)
    if winner is not None:
        return Verdict(Outcome.WINNER, winner, comparisons)
    return Verdict(Outcome.NO_DIFFERENCE if at_horizon else Outcome.TOO_EARLY, None, comparisons)


def compare(experiment: Experiment, arms: Arms, counts: Mapping[str, Count]) -> tuple[Comparison, ...]:
    base, level = counts.get(arms.default, Count()), experiment.level / len(arms.challengers)
    result = []
    for variant in arms.challengers:
        count = counts.get(variant, Count())
        if experiment.always_valid:
            ratio = always_valid_ratio(count, base, level)
            result.append(Comparison(variant, "ratio", ratio))
        else:
            result.append(Comparison(variant, "difference", difference_interval(count, base, level)))
    return tuple(result)


def _winner(arms: Arms, counts: Mapping[str, Count], comparisons: tuple[Comparison, ...]) -> str | None:
    """The best variant that is better than the default; the default when every other one is worse."""
    better = [one.variant for one in comparisons if one.is_better]
    if better:
        return max(better, key=lambda variant: counts[variant].rate)
    return arms.default if all(one.is_worse for one in comparisons) else None
