"""What campaigns brought and cost, under any attribution model, as of any moment. Pure.

Only what was known before that moment counts: activities and verdicts by when they were recorded, changes of deals,
imported costs and their corrections, under the definitions that were live then. So the answer for a past date stays
what it was, whatever is recorded later.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from sodate.activities.activity import Activity
from sodate.campaigns.ad_cost import AdCostRecord, ad_spend, known_costs
from sodate.campaigns.attribution import divided, shares_of
from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules
from sodate.campaigns.member import MemberStatus, membership_of
from sodate.campaigns.sources import LiveCampaign
from sodate.campaigns.spend import ads_of, spend_of
from sodate.campaigns.touch import Touch, known_at, touches_in
from sodate.deals.deal import Deal
from sodate.money import Money, sums

#: A lead is written in the same moment as the post that made it one.
_SAME_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class LeadFacts:
    """`log`: all of it. `mql_at`: when the score first reached the threshold of marketing."""

    lead_id: str
    created: datetime
    log: Sequence[Activity]
    mql_at: datetime | None = None


@dataclass(frozen=True)
class CampaignFacts:
    """Everything that results are made of. `deals`: with their whole history."""

    campaigns: Sequence[LiveCampaign]
    rules: AttributionRules
    leads: Sequence[LeadFacts]
    deals: Sequence[Deal] = ()
    ad_costs: Sequence[AdCostRecord] = ()


@dataclass(frozen=True)
class Figures:
    """`deals`: won ones with a share. A figure is None where it is not defined: no denominator, or two currencies."""

    impressions: int = 0
    clicks: int = 0
    leads: int = 0
    mqls: int = 0
    sqls: int = 0
    conversions: int = 0
    deals: int = 0
    revenue: tuple[Money, ...] = ()
    spend: tuple[Money, ...] = ()

    @property
    def ctr(self) -> Fraction | None:
        """Clicks ÷ impressions × 100."""
        return Fraction(self.clicks * 100, self.impressions) if self.impressions else None

    @property
    def cpl(self) -> Fraction | None:
        """Spend ÷ leads, in the smallest unit."""
        return self._spend_per(self.leads)

    @property
    def cpa(self) -> Fraction | None:
        """Spend ÷ conversions, in the smallest unit."""
        return self._spend_per(self.conversions)

    @property
    def roi(self) -> Fraction | None:
        """(revenue − spend) ÷ spend × 100; not defined without spend, or when revenue is in another currency."""
        if len(self.spend) != 1 or not self.spend[0].amount or len(self.revenue) > 1:
            return None
        spend, revenue = self.spend[0], self.revenue[0] if self.revenue else None
        if revenue is not None and revenue.currency != spend.currency:
            return None
        return Fraction(((revenue.amount if revenue else 0) - spend.amount) * 100, spend.amount)

    @property
    def currency(self) -> str | None:
        """Of `cpl` and `cpa`."""
        return self.spend[0].currency if len(self.spend) == 1 else None

    def _spend_per(self, count: int) -> Fraction | None:
        return Fraction(self.spend[0].amount, count) if len(self.spend) == 1 and count else None


@dataclass(frozen=True)
class CampaignResult:
    """`keywords`: by keyword of the ads, folded; empty text: touches and costs without one."""

    id: str
    title: str
    figures: Figures
    members: Mapping[MemberStatus, int]
    keywords: Mapping[str, Figures]


@dataclass(frozen=True)
class Results:
    """`other`: revenue of touches that no campaign claims. `unattributed`: of deals without a touch."""

    as_of: datetime
    model: AttributionModel
    campaigns: tuple[CampaignResult, ...]
    other: tuple[Money, ...] = ()
    unattributed: tuple[Money, ...] = ()

    def campaign(self, campaign_id: str) -> CampaignResult | None:
        return next((one for one in self.campaigns if one.id == campaign_id), None)


def results(facts: CampaignFacts, as_of: datetime, model: AttributionModel | None = None) -> Results:
    """`model` None: the one of the playbook. Raises: `ValueError` for `own` without weights in the playbook."""
    model = model or facts.rules.model
    if model is AttributionModel.OWN and facts.rules.weights is None:
        raise ValueError("the model `own` needs `weights` in attribution.yaml")
    folded = [_fold(one, facts.campaigns, as_of) for one in facts.leads]
    revenue = _attribute(facts, folded, as_of, model)
    costs = known_costs(facts.ad_costs, as_of)
    found = tuple(_result(live, folded, revenue, ads_of(live.campaign, costs), as_of) for live in facts.campaigns)
    return Results(as_of, model, found, sums(revenue.other), sums(revenue.unattributed))


def acquired_by(touches: Sequence[Touch], created: datetime) -> Touch | None:
    """The first touch of a lead, when it came no later than the lead itself; an older lead was not acquired by it."""
    first = touches[0] if touches else None
    return first if first is not None and first.at <= created + _SAME_MOMENT else None


def acquisition_campaign(touches: Sequence[Touch], created: datetime) -> str | None:
    """The campaign that acquired a lead: the first by id, where several claim the touch."""
    touch = acquired_by(touches, created)
    return touch.campaigns[0] if touch is not None and touch.campaigns else None


@dataclass(frozen=True)
class _Folded:
    """One lead as it was known."""

    lead: LeadFacts
    log: Sequence[Activity]
    touches: Sequence[Touch]
    is_mql: bool
    is_sql: bool

    @property
    def acquisition(self) -> Touch | None:
        return acquired_by(self.touches, self.lead.created)

    @property
    def acquisition_campaign(self) -> str | None:
        return acquisition_campaign(self.touches, self.lead.created)


@dataclass
class _Revenue:
    """By campaign and keyword."""

    amounts: dict[tuple[str, str], list[Money]] = field(default_factory=lambda: defaultdict(list))
    deals: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    other: list[Money] = field(default_factory=list)
    unattributed: list[Money] = field(default_factory=list)


def _fold(lead: LeadFacts, campaigns: Sequence[LiveCampaign], as_of: datetime) -> _Folded:
    log = known_at(lead.log, as_of)
    accepted = any(one.type == "sales_accepted" for one in log)
    is_mql = accepted or (lead.mql_at is not None and lead.mql_at < as_of)
    return _Folded(lead, log, touches_in(log, campaigns), is_mql, accepted)


def _attribute(facts: CampaignFacts, folded: Iterable[_Folded], as_of: datetime, model: AttributionModel) -> _Revenue:
    by_lead = {one.lead.lead_id: one for one in folded}
    found = _Revenue()
    for deal in won_as_of(facts.deals, as_of):
        contacts = [by_lead[lead_id] for lead_id in deal.lead_ids if lead_id in by_lead]
        touches = [touch for one in contacts for touch in one.touches]
        became_lead = min((one.lead.created for one in contacts), default=None)
        for share in shares_of(deal, touches, model, facts.rules, became_lead):
            if share.touch is None or deal.currency is None:
                found.unattributed += [Money(deal.currency, share.amount)] if deal.currency else []
                continue
            _credit(found, deal.id, deal.currency, share.touch, share.amount)
    return found


def won_as_of(deals: Iterable[Deal], as_of: datetime) -> list[Deal]:
    """Each as it was known before the minute of `as_of`, in order of id."""
    before = as_of.replace(second=0, microsecond=0) - timedelta(microseconds=1)
    known = (deal.as_of(before) for deal in deals)
    return sorted((deal for deal in known if deal is not None and deal.is_won), key=lambda deal: deal.id)


def _credit(found: _Revenue, deal_id: str, currency: str, touch: Touch, amount: int) -> None:
    """A touch of several campaigns is divided among them."""
    if not touch.campaigns:
        found.other.append(Money(currency, amount))
        return
    parts = divided(amount, [Fraction(1)] * len(touch.campaigns))
    for campaign, part in zip(touch.campaigns, parts, strict=True):
        found.amounts[campaign, touch.term].append(Money(currency, part))
        found.deals[campaign, touch.term].add(deal_id)


def _result(
    live: LiveCampaign, folded: Sequence[_Folded], revenue: _Revenue, ads: Sequence[AdCostRecord], as_of: datetime
) -> CampaignResult:
    memberships = [membership_of(one.log, live) for one in folded]
    members = Counter(one.status for one in memberships if one is not None)
    acquired = [one for one in folded if one.acquisition_campaign == live.id]
    own = [term for campaign, term in revenue.amounts if campaign == live.id]
    total = Figures(
        sum(one.impressions for one in ads),
        sum(one.clicks for one in ads),
        len(acquired),
        sum(one.is_mql for one in acquired),
        sum(one.is_sql for one in acquired),
        members[MemberStatus.CONVERTED],
        len(set[str]().union(*(revenue.deals[live.id, term] for term in own))),
        sums(money for term in own for money in revenue.amounts[live.id, term]),
        spend_of(live.campaign, len(acquired), ads, as_of),
    )
    terms = {_term_of(one) for one in acquired} | set(own) | {one.term for one in ads}
    keywords = {term: _of_keyword(live, term, acquired, revenue, ads) for term in sorted(terms)}
    return CampaignResult(live.id, live.campaign.title, total, dict(members), keywords)


def _of_keyword(
    live: LiveCampaign, term: str, acquired: Sequence[_Folded], revenue: _Revenue, ads: Sequence[AdCostRecord]
) -> Figures:
    """Spend is the ads' own: costs of the campaign as a whole belong to no keyword."""
    own_ads = [one for one in ads if one.term == term]
    leads = [one for one in acquired if _term_of(one) == term]
    return Figures(
        sum(one.impressions for one in own_ads),
        sum(one.clicks for one in own_ads),
        len(leads),
        sum(one.is_mql for one in leads),
        sum(one.is_sql for one in leads),
        0,
        len(revenue.deals.get((live.id, term), ())),
        sums(revenue.amounts.get((live.id, term), ())),
        tuple(one for one in ad_spend(own_ads) if one.amount),
    )


def _term_of(one: _Folded) -> str:
    return one.acquisition.term if one.acquisition is not None else ""
