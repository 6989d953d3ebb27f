"""Results of campaigns as rows of a report. Pure."""

from datetime import datetime, timedelta

from sodate.campaigns.figures import CampaignResult, Results
from sodate.kpis.period import end_of
from sodate.reports.campaign import CampaignFigures, CampaignRow
from sodate.reports.document import Period


def figures_of(results: Results, subject: str, model: str, no_keyword: str) -> CampaignFigures:
    """`subject`: one campaign, also by keyword; empty: all. `model` and `no_keyword`: in words."""
    chosen = [one for one in results.campaigns if subject in ("", one.id)]
    rows = [CampaignRow(one.title or one.id, one.figures) for one in chosen]
    parts = [("keyword", _keywords(chosen[0], no_keyword))] if subject and chosen else []
    return CampaignFigures(rows, model, parts)


def moment_of(period: Period, now: datetime) -> datetime:
    """The end of its last day, or now with the minute that has begun."""
    return min(end_of(period.last, period.time_zone), now + timedelta(minutes=1))


def _keywords(campaign: CampaignResult, no_keyword: str) -> list[CampaignRow]:
    """Those with the most leads first."""
    by_keyword = sorted(campaign.keywords.items(), key=lambda pair: (-pair[1].leads, pair[0]))
    return [CampaignRow(term or no_keyword, figures) for term, figures in by_keyword]
