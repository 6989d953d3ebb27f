"""Confidence intervals of rates and of their differences, in closed form with the standard library. Pure.

`calibration` has the same from a statistics library, for the analysis on an operator's machine; a test compares them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma, log, sqrt
from statistics import NormalDist
from typing import Literal

#: Where the always-valid interval is narrowest: at about eight times as many successes. Another value keeps the level
#: and changes the power.
_CONCENTRATION = 20.0
_HALVINGS = 60


@dataclass(frozen=True)
class Count:
    """`leads` of a variant whose email left or who took an arm, and how many of them had the success."""

    leads: int = 0
    successes: int = 0

    @property
    def rate(self) -> float:
        return self.successes / self.leads if self.leads else 0.0

    def plus(self, leads: int, successes: int) -> "Count":
        return Count(self.leads + leads, self.successes + successes)


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


#: `difference` of two rates: 0 is equal. `ratio`: 1 is equal.
Scale = Literal["difference", "ratio"]


def rate_interval(count: Count, level: float) -> Interval:
    """Wilson's interval with continuity correction: Newcombe, Statistics in Medicine 17 (1998) 857-872, method 4."""
    n, x = count.leads, count.successes
    if n == 0:
        return Interval(0.0, 1.0)
    z, p = NormalDist().inv_cdf(1 - level / 2), x / n
    around, width = 2 * x + z * z, 2 * (n + z * z)
    low = (around - 1 - z * sqrt(max(0.0, z * z - 2 - 1 / n + 4 * p * (n * (1 - p) + 1)))) / width
    high = (around + 1 + z * sqrt(max(0.0, z * z + 2 - 1 / n + 4 * p * (n * (1 - p) - 1)))) / width
    return Interval(0.0 if x == 0 else max(0.0, low), 1.0 if x == n else min(1.0, high))


def difference_interval(count: Count, base: Count, level: float) -> Interval:
    """Of the rate of `count` minus that of `base`, looked at once.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 11. Without the continuity correction (method 10) it
    excludes 0 too often where rates are small and variants unequal: 2.0 times the level at 100 and 1,000 leads.
    """
    own, other = rate_interval(count, level), rate_interval(base, level)
    difference = count.rate - base.rate
    return Interval(
        difference - sqrt((count.rate - own.low) ** 2 + (other.high - base.rate) ** 2),
        difference + sqrt((own.high - count.rate) ** 2 + (base.rate - other.low) ** 2),
    )


def always_valid_ratio(count: Count, base: Count, level: float) -> Interval:
    """Of the rate of `count` divided by that of `base`, valid at every look, however often and whenever one looks.

    Lindon, Malek: Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022 (arXiv:2011.03567), for two arms.
    When a variant makes no difference, each next success belongs to it with the probability of its share of the leads,
    because leads are assigned at random: independently of rates and of how late successes come, as long as every lead
    is seen for the same time. So at a ratio of 1 the level holds at any number of leads. For other ratios the bounds
    are those of the hazard ratio, which is the ratio of rates where rates are small.
    """
    if not count.leads or not base.leads:
        return Interval(0.0, float("inf"))
    share = count.leads / (count.leads + base.leads)
    prior = _CONCENTRATION * share, _CONCENTRATION * (1 - share)
    mixture = _log_beta(prior[0] + count.successes, prior[1] + base.successes) - _log_beta(*prior)

    def is_excluded(part: float) -> bool:
        """Whether `part` of the successes belonging to `count` is refuted."""
        if not 0 < part < 1:
            return True
        likelihood = count.successes * log(part) + base.successes * log(1 - part)
        return mixture - likelihood >= -log(level)

    successes = count.successes + base.successes
    seen = count.successes / successes if successes else share
    low = _border(is_excluded, 0.0, seen) if count.successes else 0.0
    high = _border(is_excluded, 1.0, seen) if base.successes else 1.0
    odds = share / (1 - share)
    return Interval(low / (1 - low) / odds, high / (1 - high) / odds if high < 1 else float("inf"))


def _border(is_excluded: Callable[[float], bool], outside: float, inside: float) -> float:
    """The border between an excluded and an included point, on the excluded side."""
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if is_excluded(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
