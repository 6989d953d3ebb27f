"""Values of the KPI catalog as figures of a report. Pure."""

from collections.abc import Iterable

from sodate.kpis.definition import Kpi
from sodate.kpis.definition import Unit as KpiUnit
from sodate.kpis.formula import NotDefined, Ratio, Value
from sodate.kpis.period import calendar_span_of
from sodate.kpis.read import Figures
from sodate.kpis.target import KpiTargets
from sodate.reports.document import Definition, Figure, Reason, Unit
from sodate.reports.kpi import KpiRow

_UNITS = {
    KpiUnit.COUNT: Unit.COUNT,
    KpiUnit.PERCENT: Unit.PERCENT,
    KpiUnit.MONEY: Unit.MONEY,
    KpiUnit.MINUTES: Unit.HOURS,
    KpiUnit.SECONDS: Unit.SECONDS,
    KpiUnit.POINTS: Unit.POINTS,
}
_REASONS = {"no_base": Reason.NOTHING_TO_DIVIDE_BY, "no_cost": Reason.NO_COST}
#: KPIs in large type at the top.
HEADLINES = ("sent", "open_rate", "click_rate", "leads", "mqls", "sqls", "won")


def group_of(catalog: Iterable[Kpi], figures: Figures, targets: KpiTargets, language: str) -> list[KpiRow]:
    return [_row(kpi, figures, targets, language) for kpi in catalog if kpi.is_counted]


def figure_of(value: Value, unit: KpiUnit) -> Figure:
    if isinstance(value, NotDefined):
        return Figure(None, _UNITS[unit], reason=_REASONS.get(value.why))
    number: int | float = value.value / 60 if unit is KpiUnit.MINUTES else value.value
    if unit is KpiUnit.COUNT:
        number = whole(number)
    interval = value.interval if isinstance(value, Ratio) and unit is KpiUnit.PERCENT else None
    return Figure(number, _UNITS[unit], interval=interval)


def whole(number: float) -> int:
    """Counters are sums of whole numbers."""
    return round(number)


def _row(kpi: Kpi, figures: Figures, targets: KpiTargets, language: str) -> KpiRow:
    value = figures.value(kpi)
    goal = targets.find(kpi.name, calendar_span_of(figures.period), figures.scope)
    rate = value if isinstance(value, Ratio) and kpi.unit is KpiUnit.PERCENT and value.interval is not None else None
    robots = figures.robot_share(kpi) if kpi.robots else None
    previous = figure_of(kpi.of(figures.before), kpi.unit)
    return KpiRow(
        id=kpi.name,
        label=kpi.label(language),
        figure=figure_of(value, kpi.unit),
        part=whole(rate.part) if rate else None,
        whole=whole(rate.base) if rate else None,
        target=_target(goal.value, kpi.unit) if goal else None,
        attainment=figure_of(goal.attainment(value), KpiUnit.PERCENT) if goal else None,
        robots=figure_of(robots, KpiUnit.PERCENT) if robots is not None else None,
        previous=Figure(previous.value, previous.unit, previous.currency, reason=previous.reason),
        is_headline=kpi.name in HEADLINES,
        definition=Definition(kpi.label(language), kpi.meaning(language), kpi.formula if language == "en" else ""),
    )


def _target(value: float, unit: KpiUnit) -> Figure:
    number = value / 60 if unit is KpiUnit.MINUTES else value
    return Figure(whole(number) if unit is KpiUnit.COUNT else number, _UNITS[unit])
