"""The catalog of KPIs: what each figure is called, how it is computed, and from which counters. Pure.

A changed meaning is a new version: a report names the version with which its numbers were made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sodate.kpis import formula
from sodate.kpis.formula import NotDefined, Number, Value

Counts = Mapping[str, float]


#: Figures that no counter has: of campaigns, deals and ads (`kpis.money`). The amounts are in the smallest unit.
AMOUNTS = frozenset({"spend", "revenue", "won_amount", "forecast", "lifetime_revenue"})
GIVEN = AMOUNTS | {"acquired", "converted", "customers", "ad_clicks", "ad_impressions"}


class Unit(Enum):
    COUNT = "count"
    PERCENT = "percent"
    MONEY = "money"
    MINUTES = "minutes"
    SECONDS = "seconds"
    POINTS = "points"


_HUNDREDS = (Unit.PERCENT, Unit.POINTS)


@dataclass(frozen=True, slots=True)
class Quotient:
    """`part` counters less `minus` counters, over `base` counters; times 100 for a percentage."""

    part: tuple[str, ...]
    base: tuple[str, ...]
    minus: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.part, *self.base, *self.minus)


def share_of(part: str, *base: str) -> Quotient:
    return Quotient((part,), base)


@dataclass(frozen=True, slots=True)
class Kpi:
    """`counters`: counters added up, or a quotient of some. `robots`: counters of what machines did beside it."""

    name: str
    label_ja: str
    label_en: str
    meaning_ja: str
    meaning_en: str
    formula_ja: str
    formula_en: str
    unit: Unit
    counters: tuple[str, ...] | Quotient
    robots: tuple[str, ...] = ()
    version: int = 1

    def label(self, language: str) -> str:
        return self.label_ja if language == "ja" else self.label_en

    def meaning(self, language: str) -> str:
        return self.meaning_ja if language == "ja" else self.meaning_en

    def formula(self, language: str) -> str:
        return self.formula_ja if language == "ja" else self.formula_en

    @property
    def names(self) -> tuple[str, ...]:
        """Of the counters that it is made of."""
        return self.counters.names if isinstance(self.counters, Quotient) else self.counters

    @property
    def is_counted(self) -> bool:
        """False when it needs figures that counters do not have: cost, revenue, ads."""
        return GIVEN.isdisjoint(self.names)

    def of(self, counts: Counts) -> Value:
        """Figures from outside (`GIVEN`) that are missing are unknown, never 0."""
        missing = {name for name in self.names if name in GIVEN and name not in counts}
        if missing:
            return NotDefined("no_cost" if "spend" in missing else "no_data")
        if isinstance(self.counters, Quotient):
            part = _sum(counts, self.counters.part) - _sum(counts, self.counters.minus)
            base = _sum(counts, self.counters.base)
            return formula.ratio(part, base, 100.0 if self.unit in _HUNDREDS else 1.0)
        return Number(_sum(counts, self.counters))

    def robot_share(self, counts: Counts) -> Value:
        """Share of machines in all that did it, in percent."""
        part = self.counters.part if isinstance(self.counters, Quotient) else self.counters
        machines = _sum(counts, self.robots)
        return formula.percent(machines, machines + _sum(counts, part))


def _sum(counts: Counts, names: tuple[str, ...]) -> float:
    return sum(counts.get(name, 0) for name in names)
