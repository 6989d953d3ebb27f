"""Quotients of counters: "not defined" instead of infinity, an interval for shares, nothing of tiny cells. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sodate.experiments.intervals import Count, rate_interval

#: Below this base a rate is shown with its interval only as a hint.
SMALL = 30


@dataclass(frozen=True, slots=True)
class NotDefined:
    """There is no such number, and why: `no_base` (nothing to divide by), `no_cost`, `no_target`, `too_small`."""

    why: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Number:
    """A plain count or amount."""

    value: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """`part` of `base`, times `factor` (100: percent)."""

    part: float
    base: float
    factor: float = 1.0

    @property
    def value(self) -> float:
        return self.part / self.base * self.factor

    @property
    def is_small(self) -> bool:
        return self.base < SMALL

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of 95 % (`experiments.intervals`), of a share of whole things; None where the quotient is no share."""
        if not (0 <= self.part <= self.base and float(self.part).is_integer() and float(self.base).is_integer()):
            return None
        interval = rate_interval(Count(int(self.base), int(self.part)), 0.05)
        return interval.low * self.factor, interval.high * self.factor


Value = Number | Ratio | NotDefined


def ratio(part: float, base: float, factor: float = 1.0) -> Value:
    return Ratio(part, base, factor) if base else NotDefined("no_base")


def percent(part: float, base: float) -> Value:
    return ratio(part, base, 100.0)


def roi(revenue: float, spend: float | None) -> Value:
    """(revenue − spend) ÷ spend × 100; without a cost it is not defined."""
    if not spend:
        return NotDefined("no_cost")
    return Ratio(revenue - spend, spend, 100.0)


def cost_per(spend: float | None, count: float) -> Value:
    """Of CPL and CPA. Without a cost it is not defined: free is not the same as unknown."""
    return NotDefined("no_cost") if spend is None else ratio(spend, count)


def attainment(value: Value, target: float | None) -> Value:
    """Percent of the target that was reached."""
    if target is None:
        return NotDefined("no_target")
    return value if isinstance(value, NotDefined) else percent(value.value, target)


def nps(answers: Mapping[int, int]) -> Value:
    """Share of 9 and 10 less share of 0 to 6, in points from −100 to 100. `answers`: how many gave each number."""
    total = sum(count for answer, count in answers.items() if 0 <= answer <= 10)
    promoters = sum(answers.get(answer, 0) for answer in (9, 10))
    detractors = sum(answers.get(answer, 0) for answer in range(7))
    return percent(promoters - detractors, total)


def growth(now: float, before: float) -> Value:
    """Change against the period before, in percent: lead velocity for qualified leads."""
    return percent(now - before, before)


def suppressed(value: Value, smallest: int) -> Value:
    """Nothing of a cell with fewer than `smallest` people: it could tell of one of them."""
    if isinstance(value, Ratio) and value.base < smallest:
        return NotDefined("too_small")
    return value
