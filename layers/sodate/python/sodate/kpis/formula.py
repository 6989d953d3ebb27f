"""Quotients of counters: "not defined" instead of infinity, an interval for shares. Pure."""

from dataclasses import dataclass

from sodate.experiments.intervals import Count, rate_interval


@dataclass(frozen=True, slots=True)
class NotDefined:
    """There is no such number, and why: `no_base` (nothing to divide by), `no_cost`, `no_data`, `no_target`,
    `several_currencies`.
    """

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


def attainment(value: Value, target: float | None) -> Value:
    """Percent of the target that was reached."""
    if target is None:
        return NotDefined("no_target")
    return value if isinstance(value, NotDefined) else percent(value.value, target)


def growth(now: float, before: float) -> Value:
    """Change against the period before, in percent: lead velocity for qualified leads."""
    return percent(now - before, before)
