"""Figures of campaigns and deals as counts for the catalog of KPIs. Pure.

The catalog is the only place that computes a ROI, a CPL or another quotient of them. What has no cost, and amounts of
two currencies, give no figure: they are never added, and never taken for 0.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sodate.campaigns.figures import Figures, Window
from sodate.deals.deal import Deal, DealStatus
from sodate.kpis.catalog import BY_NAME
from sodate.kpis.definition import Counts, Kpi
from sodate.kpis.formula import NotDefined, Value
from sodate.money import Money, sums


@dataclass(frozen=True)
class DealFigures:
    """`customers`: who had a deal won in the window; `lifetime`: all that they ever paid."""

    won: tuple[Money, ...] = ()
    forecast: tuple[Money, ...] = ()
    lifetime: tuple[Money, ...] = ()
    customers: int = 0


@dataclass(frozen=True)
class MoneyCounts:
    """`currencies`: of each amount. One in several currencies has no value, whatever `counts` says of it."""

    counts: Counts
    currencies: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def value(self, kpi: Kpi) -> Value:
        if len(self._currencies(kpi)) > 1:
            return NotDefined("several_currencies")
        return kpi.of(self.counts)

    def currency(self, kpi: Kpi) -> str:
        """Of the KPI's value; of nothing: that of the other amounts, or empty."""
        distinct = self._currencies(kpi) or frozenset[str]().union(*self.currencies.values())
        return next(iter(distinct)) if len(distinct) == 1 else ""

    def _currencies(self, kpi: Kpi) -> frozenset[str]:
        return frozenset[str]().union(*(self.currencies.get(name, frozenset()) for name in kpi.names))


def money_counts(figures: Figures, deals: DealFigures | None = None) -> MoneyCounts:
    """`deals` None: nobody asked for them."""
    counts: dict[str, float] = {"acquired": figures.leads, "converted": figures.conversions}
    if figures.impressions or figures.clicks:
        counts |= {"ad_clicks": figures.clicks, "ad_impressions": figures.impressions}
    amounts = {"revenue": figures.revenue, **({"spend": figures.spend} if figures.spend else {})}
    if deals is not None:
        counts["customers"] = deals.customers
        amounts |= {"won_amount": deals.won, "forecast": deals.forecast, "lifetime_revenue": deals.lifetime}
    currencies = {}
    for name, of_name in amounts.items():
        given = [one for one in of_name if one.amount]
        counts[name] = sum(one.amount for one in given) if len(given) <= 1 else 0
        currencies[name] = frozenset(one.currency for one in given)
    return MoneyCounts(counts, currencies)


def quotient(name: str, figures: Figures) -> Value:
    """A KPI of one campaign or keyword, by its name. The value of CPL and CPA is in the smallest unit."""
    return money_counts(figures).value(BY_NAME[name])


def deal_figures(known: Sequence[Deal], then: Iterable[Deal], window: Window, asked: Collection[str]) -> DealFigures:
    """`known`: as they are known, with all deals of the same customers. `then`: as they were at the window's end.

    `asked`: ids of those that count. A customer is the company of a deal; without one, its first contact.
    """
    won = [deal for deal in known if deal.is_won and deal.closed_at is not None and deal.closed_at < window.end]
    now = [deal for deal in won if deal.id in asked and deal.closed_at is not None and window.has(deal.closed_at)]
    customers = {customer_of(deal) for deal in now}
    forecasts = (deal.forecast for deal in then if deal.status is DealStatus.OPEN)
    return DealFigures(
        sums(deal.money for deal in now if deal.money is not None),
        sums(one for one in forecasts if one is not None),
        sums(deal.money for deal in won if deal.money is not None and customer_of(deal) in customers),
        len(customers),
    )


def customer_of(deal: Deal) -> str:
    return deal.company or next(iter(deal.lead_ids), deal.id)
