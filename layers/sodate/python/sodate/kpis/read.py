"""Figures of a scope and period from the counters: for reports and the command line.

A read costs one query per scope: a day is about 300 bytes, so a month costs two read units, however many emails it had.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sodate.dynamodb import kpi_keys
from sodate.kpis import formula, store
from sodate.kpis.contribution import ERASED, NOW
from sodate.kpis.definition import Kpi
from sodate.kpis.email_counts import ALL
from sodate.kpis.formula import NotDefined, Value
from sodate.kpis.funnel import FunnelStage, stages_of
from sodate.kpis.period import Period
from sodate.kpis.scopes import is_counted_in, is_of_sessions
from sodate.kpis.sketch import EMPTY

Counts = dict[str, float]


@dataclass(frozen=True)
class Figures:
    """Counters of one scope: in the period, by day, and in the period of the same length before it.

    `has_sessions` False: nobody counted visits of the website for it.
    """

    scope: str
    period: Period
    counts: Counts
    days: Mapping[date, Counts]
    before: Counts
    has_sessions: bool = True

    def value(self, kpi: Kpi) -> Value:
        return kpi.of(self.counts) if self.has(kpi) else NotDefined("no_data")

    def value_before(self, kpi: Kpi) -> Value:
        return kpi.of(self.before) if self.has(kpi) else NotDefined("no_data")

    def robot_share(self, kpi: Kpi) -> Value:
        return kpi.robot_share(self.counts) if kpi.robots and self.has(kpi) else NotDefined("no_base")

    def has(self, kpi: Kpi) -> bool:
        """Whether the scope has the counters of the KPI: what nothing counts is unknown, not 0."""
        is_known = self.has_sessions or not any(map(is_of_sessions, kpi.names))
        return is_known and (is_counted_in(kpi, self.scope) or not kpi.is_counted)

    @property
    def lead_velocity(self) -> Value:
        """Growth of qualified leads against the period before, in percent."""
        return formula.growth(self.counts.get("reached_mql", 0), self.before.get("reached_mql", 0))


def read(scope: str, period: Period) -> Figures:
    days = _days(scope, period)
    before = added(_days(scope, period.before()).values())
    return Figures(scope, period, added(days.values()), days, before)


def counts_of(scope: str, period: Period) -> Counts:
    """Of the period alone: one query."""
    return added(_days(scope, period).values())


def now_in(scope: str = ALL) -> Counts:
    """How many leads are in each stage (`in_stage_…`) and phase (`in_phase_…`) at this moment; completed stays."""
    key = kpi_keys.hour_total(NOW)
    return _public(store.totals_between(scope, key, key).get(NOW, {}))


def visitors(scope: str, period: Period) -> int:
    """Distinct visitors, as an estimate (`kpis.sketch`). Whole months cost one sketch each, days one each."""
    months = period.first.day == 1 and (period.last + timedelta(days=1)).day == 1
    length = 7 if months else 10
    first, last = period.first.isoformat()[:length], period.last.isoformat()[:length]
    union = EMPTY
    for sketch in store.visitors_between(scope, first, last).values():
        union = union.union(sketch)
    return union.count


def funnel(scope: str, period: Period) -> list[FunnelStage]:
    """Of the leads that came in the period: how far they have come until now."""
    return stages_of(counts_of(scope, period))


def funnel_by_month(scope: str, months: list[Period]) -> dict[Period, list[FunnelStage]]:
    """By month of acquisition."""
    return {month: funnel(scope, month) for month in months}


def stays(scope: str = ALL) -> dict[int, Value]:
    """Mean minutes of the completed stays in each phase, by the phase's number in the rule set."""
    counts = now_in(scope)
    numbers = sorted(int(name.removeprefix("stays_")) for name in counts if name.startswith("stays_"))
    return {
        number: formula.ratio(counts.get(f"stay_minutes_{number}", 0), counts[f"stays_{number}"]) for number in numbers
    }


def added(many: Iterable[Mapping[str, float]]) -> Counts:
    total: Counts = {}
    for counts in many:
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _days(scope: str, period: Period) -> dict[date, Counts]:
    first, last = kpi_keys.day_total(period.first.isoformat()), kpi_keys.day_total(period.last.isoformat())
    found = store.totals_between(scope, first, last)
    return {date.fromisoformat(day): _public(counts) for day, counts in found.items()}


def _public(counts: Mapping[str, int]) -> Counts:
    return {name: float(count) for name, count in counts.items() if not name.startswith(ERASED)}
