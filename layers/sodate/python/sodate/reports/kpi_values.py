"""Values of the KPI catalog as figures of a report. Pure."""

from collections.abc import Iterable

from sodate.kpis.definition import Kpi
from sodate.kpis.definition import Unit as KpiUnit
from sodate.kpis.formula import NotDefined, Number, Ratio, Value
from sodate.kpis.scope_figures import ScopeFigures
from sodate.reports.document import Figure, Reason, Unit
from sodate.reports.frame import definition_of
from sodate.reports.kpi import KpiRow

_UNITS = {
    KpiUnit.COUNT: Unit.COUNT,
    KpiUnit.PERCENT: Unit.PERCENT,
    KpiUnit.MONEY: Unit.MONEY,
    KpiUnit.MINUTES: Unit.HOURS,
    KpiUnit.SECONDS: Unit.SECONDS,
    KpiUnit.POINTS: Unit.POINTS,
}
_REASONS = {
    "no_base": Reason.NOTHING_TO_DIVIDE_BY,
    "no_cost": Reason.NO_COST,
    "no_data": Reason.NO_DATA,
    "several_currencies": Reason.SEVERAL_CURRENCIES,
}
#: KPIs in large type at the top.
HEADLINES = ("sent", "open_rate", "click_rate", "leads", "mqls", "sqls", "won", "spend", "revenue", "roi")


def group_of(catalog: Iterable[Kpi], scoped: ScopeFigures, language: str) -> list[KpiRow]:
    """Without the KPIs of money where nobody asked for them."""
    return [_row(kpi, scoped, language) for kpi in catalog if kpi.is_counted or scoped.money is not None]


def figure_of(value: Value, unit: KpiUnit, currency: str = "") -> Figure:
    """Money is in the smallest unit of `currency`."""
    if isinstance(value, NotDefined):
        return Figure(None, _UNITS[unit], reason=_REASONS.get(value.why))
    number: int | float = value.value / 60 if unit is KpiUnit.MINUTES else value.value
    if unit is KpiUnit.COUNT or (unit is KpiUnit.MONEY and isinstance(value, Number)):
        number = whole(number)
    interval = value.interval if isinstance(value, Ratio) and unit is KpiUnit.PERCENT else None
    return Figure(number, _UNITS[unit], currency if unit is KpiUnit.MONEY else "", interval=interval)


def whole(number: float) -> int:
    """Counters are sums of whole numbers."""
    return round(number)


def _row(kpi: Kpi, scoped: ScopeFigures, language: str) -> KpiRow:
    value, currency, goal = scoped.value(kpi), scoped.currency(kpi), scoped.target(kpi)
    is_share = isinstance(value, Ratio) and kpi.unit is KpiUnit.PERCENT and value.interval is not None
    robots = scoped.figures.robot_share(kpi) if kpi.robots else None
    previous = figure_of(scoped.value_before(kpi), kpi.unit, scoped.currency_before(kpi))
    return KpiRow(
        id=kpi.name,
        label=kpi.label(language),
        figure=figure_of(value, kpi.unit, currency),
        part=whole(value.part) if is_share and isinstance(value, Ratio) else None,
        whole=whole(value.base) if is_share and isinstance(value, Ratio) else None,
        target=_target(goal.smallest(currency), kpi.unit, currency) if goal else None,
        attainment=figure_of(goal.attainment(value, currency), KpiUnit.PERCENT) if goal else None,
        robots=figure_of(robots, KpiUnit.PERCENT) if robots is not None else None,
        previous=Figure(previous.value, previous.unit, previous.currency, reason=previous.reason),
        is_headline=kpi.name in HEADLINES,
        definition=definition_of(kpi, language),
    )


def _target(value: float, unit: KpiUnit, currency: str) -> Figure:
    """`value`: money in the smallest unit."""
    number = value / 60 if unit is KpiUnit.MINUTES else value
    is_whole = unit in (KpiUnit.COUNT, KpiUnit.MONEY)
    return Figure(whole(number) if is_whole else number, _UNITS[unit], currency if unit is KpiUnit.MONEY else "")
