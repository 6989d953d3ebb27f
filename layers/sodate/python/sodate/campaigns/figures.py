"""What a campaign or a keyword brought and cost, as counts and amounts. Quotients of them are KPIs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sodate.campaigns.attribution_rules import AttributionModel
from sodate.campaigns.member import MemberStatus
from sodate.money import Money


@dataclass(frozen=True)
class Window:
    """Only what happened from `begin` on and before `end` counts."""

    begin: datetime
    end: datetime

    def has(self, at: datetime) -> bool:
        return self.begin <= at < self.end


@dataclass(frozen=True)
class Figures:
    """`leads`: acquired ones. `conversions`: leads that converted. `deals`: won ones with a share in `revenue`.

    `spend` and `revenue`: one amount per currency, never added; `spend` is empty where nothing was spent.
    """

    impressions: int = 0
    clicks: int = 0
    leads: int = 0
    mqls: int = 0
    sqls: int = 0
    conversions: int = 0
    deals: int = 0
    revenue: tuple[Money, ...] = ()
    spend: tuple[Money, ...] = ()


@dataclass(frozen=True)
class CampaignResult:
    """`keywords`: by keyword of the ads, folded; empty text: touches and costs without one.

    `acquired` and `touched`: ids of leads, of all times.
    """

    id: str
    title: str
    figures: Figures
    members: Mapping[MemberStatus, int]
    keywords: Mapping[str, Figures]
    acquired: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Results:
    """`total`: of all campaigns, each lead, deal and ad once. `other`: revenue of touches that no campaign claims.
    `unattributed`: of deals without a touch.
    """

    as_of: datetime
    model: AttributionModel
    campaigns: tuple[CampaignResult, ...]
    total: Figures = field(default_factory=Figures)
    other: tuple[Money, ...] = ()
    unattributed: tuple[Money, ...] = ()

    def campaign(self, campaign_id: str) -> CampaignResult | None:
        return next((one for one in self.campaigns if one.id == campaign_id), None)
