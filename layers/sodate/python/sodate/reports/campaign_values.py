"""Results of campaigns as rows of a report. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sodate.campaigns.results import CampaignResult, Figures, Results
from sodate.kpis.period import end_of
from sodate.money import Money as Amount
from sodate.reports.campaign import CampaignFigures, CampaignRow, Money
from sodate.reports.document import Period, Reason


def figures_of(results: Results, subject: str, model: str, no_keyword: str) -> CampaignFigures:
    """`subject`: one campaign, also by keyword; empty: all. `model` and `no_keyword`: in words."""
    chosen = [one for one in results.campaigns if subject in ("", one.id)]
    rows = [_row(one.title or one.id, one.figures) for one in chosen]
    parts = [("keyword", _keywords(chosen[0], no_keyword))] if subject and chosen else []
    return CampaignFigures(rows, model, parts)


def moment_of(period: Period, now: datetime) -> datetime:
    """The end of its last day, or now with the minute that has begun."""
    return min(end_of(period.last, period.time_zone), now + timedelta(minutes=1))


def _keywords(campaign: CampaignResult, no_keyword: str) -> list[CampaignRow]:
    """Those with the most leads first."""
    found = sorted(campaign.keywords.items(), key=lambda pair: (-pair[1].leads, pair[0]))
    return [_row(term or no_keyword, figures) for term, figures in found]


def _row(name: str, figures: Figures) -> CampaignRow:
    has_ads = figures.impressions or figures.clicks
    return CampaignRow(
        name=name,
        leads=figures.leads,
        mqls=figures.mqls,
        sqls=figures.sqls,
        deals=figures.deals,
        conversions=figures.conversions,
        spend=_money(figures.spend) if figures.spend else Money(None, reason=Reason.NO_COST),
        revenue=_money(figures.revenue) if figures.revenue else Money(0, figures.currency or ""),
        impressions=figures.impressions if has_ads else None,
        clicks=figures.clicks if has_ads else None,
    )


def _money(amounts: Sequence[Amount]) -> Money:
    if len(amounts) > 1:
        return Money(None, reason=Reason.SEVERAL_CURRENCIES)
    return Money(amounts[0].amount, amounts[0].currency)
