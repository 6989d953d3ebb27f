"""Campaigns, logs and deals for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sodate.activities.activity import Activity
from sodate.campaigns.campaign import PublishedCampaign
from sodate.campaigns.sources import LiveCampaign
from sodate.deals.deal import Deal, DealChange, DealStatus, StageValue, deal_of
from sodate.money import Money

#: The first moment of the campaigns below, in Japan.
BEGIN = datetime(2026, 9, 30, 15, 0, tzinfo=UTC)
OPEN = StageValue("open", DealStatus.OPEN, 20)
WON = StageValue("won", DealStatus.WON, 100)


def campaign(campaign_id: str = "autumn", **body: Any) -> LiveCampaign:
    standard: dict[str, Any] = {
        "id": campaign_id,
        "from": "2026-10-01",
        "until": "2026-12-31",
        "time_zone": "Asia/Tokyo",
        "sources": {"utm": [{"campaign": f"{campaign_id}*"}]},
    }
    return LiveCampaign(PublishedCampaign.model_validate({**standard, **body}), 1)


def day(number: float) -> datetime:
    """So many days after the campaigns began."""
    return BEGIN + timedelta(days=number)


def activity(key: str, at: datetime, type_: str = "form_submitted", lead: str = "L1", **about: Any) -> Activity:
    recorded = about.pop("recorded", None)
    return Activity(lead, type_, at, key, about, recorded)


def won_deal(
    deal_id: str = "D1",
    *,
    opened: float = 20,
    won: float = 40,
    money: Money | None = None,
    leads: tuple[str, ...] = ("L1",),
) -> Deal:
    amount = money or Money("JPY", 1_000_000)
    changes = [
        DealChange("a", day(opened), day(opened), "api", OPEN, amount, added=tuple((lead, "") for lead in leads)),
        DealChange("b", day(won), day(won), "api", WON),
    ]
    deal = deal_of(deal_id, changes)
    assert deal is not None
    return deal
