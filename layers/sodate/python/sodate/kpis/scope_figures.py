"""The figures of one scope and period with their targets: the one rule for the value and currency of a KPI."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sodate.kpis.definition import Kpi, Unit
from sodate.kpis.formula import Value
from sodate.kpis.live_targets import live_targets
from sodate.kpis.money import MoneyCounts
from sodate.kpis.period import Period, calendar_span_of
from sodate.kpis.read import Figures, read
from sodate.kpis.read_money import by_definition, is_campaign, read_money
from sodate.kpis.target import KpiTarget, KpiTargets
from sodate.playbook.store import Definitions


@dataclass(frozen=True)
class ScopeFigures:
    """`money`, `money_before`: of the period and the one before; None: nobody asked, or the scope has none."""

    figures: Figures
    targets: KpiTargets
    money: MoneyCounts | None = None
    money_before: MoneyCounts | None = None

    def value(self, kpi: Kpi) -> Value:
        return _value(kpi, self.figures.value, self.money)

    def value_before(self, kpi: Kpi) -> Value:
        return _value(kpi, self.figures.value_before, self.money_before)

    def currency(self, kpi: Kpi) -> str:
        """Empty for what is no money, and for amounts of several currencies."""
        return _currency(kpi, self.money)

    def currency_before(self, kpi: Kpi) -> str:
        return _currency(kpi, self.money_before)

    def target(self, kpi: Kpi) -> KpiTarget | None:
        return self.targets.find(kpi.name, calendar_span_of(self.figures.period), self.figures.scope)


def _value(kpi: Kpi, counted: Callable[[Kpi], Value], money: MoneyCounts | None) -> Value:
    return counted(kpi) if kpi.is_counted or money is None else money.value(kpi)


def _currency(kpi: Kpi, money: MoneyCounts | None) -> str:
    return money.currency(kpi) if money is not None and kpi.unit is Unit.MONEY else ""


def read_scope(
    definitions: Definitions, scope: str, period: Period, zone: str, now: datetime, money: bool
) -> ScopeFigures:
    """`money`: costs and revenue too, where the scope has any. Leads of a campaign are read either way: its leads are
    those that its definition acquired. Everything else is of counters.

    Raises: `Invalid` for the attribution model `own` without weights.
    """
    facts = read_money(definitions, scope, period, zone, now) if money or is_campaign(scope) else None
    amounts = (facts.counts(period), facts.counts(period.before())) if facts is not None and money else (None, None)
    return ScopeFigures(by_definition(read(scope, period), facts), live_targets(definitions), *amounts)
