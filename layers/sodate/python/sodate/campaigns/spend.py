"""What a campaign has cost by a moment: fixed lines, lines per lead, and imported ad cost. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sodate.campaigns.ad_cost import AdCostRecord, ad_spend, is_for
from sodate.campaigns.campaign import CostLine, PublishedCampaign
from sodate.money import Money, from_whole_units, sums


def ads_of(campaign: PublishedCampaign, records: Sequence[AdCostRecord]) -> list[AdCostRecord]:
    """Of the days of the campaign. A record that two cost lines name counts once."""
    lines = [line.ad_cost for line in campaign.costs if line.ad_cost is not None]
    in_period = (one for one in records if campaign.from_ <= one.day <= campaign.until)
    return [one for one in in_period if any(is_for(one, line) for line in lines)]


def spend_of(
    campaign: PublishedCampaign, leads: int, ads: Sequence[AdCostRecord], as_of: datetime
) -> tuple[Money, ...]:
    """One sum per currency, never added up; empty for a campaign without cost. `ads`: those of the campaign."""
    today = last_day_before(as_of, campaign.time_zone)
    own = [Money(campaign.currency, _due(line, campaign.currency, leads, today)) for line in campaign.costs]
    return tuple(one for one in sums([*own, *ad_spend(ads)]) if one.amount)


def last_day_before(as_of: datetime, time_zone: str) -> date:
    """The local day of the last moment before `as_of`: at midnight, the day that has just ended."""
    return (as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date()


def _due(line: CostLine, currency: str, leads: int, today: date) -> int:
    """In the smallest unit. A spread amount accrues day by day, and is whole on its last day."""
    if line.per_lead is not None:
        return from_whole_units(line.per_lead, currency) * leads
    if line.amount is None:
        return 0
    amount = from_whole_units(line.amount, currency)
    if line.on is not None:
        return amount if line.on <= today else 0
    assert line.from_ is not None and line.until is not None  # noqa: S101  the model requires both
    days, passed = (line.until - line.from_).days + 1, (today - line.from_).days + 1
    return amount * min(max(passed, 0), days) // days
