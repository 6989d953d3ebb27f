"""What campaigns brought and cost, under any attribution model, as of any moment. Pure.

Only what was known before that moment counts: activities and verdicts by when they were recorded, changes of deals,
imported costs and their corrections, under the definitions that were live then. So the answer for a past date stays
what it was, whatever is recorded later.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from sodate.activities.activity import Activity
from sodate.campaigns.ad_cost import AdCostRecord, ad_spend, known_costs
from sodate.campaigns.attribution import divided, shares_of
from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules
from sodate.campaigns.figures import CampaignResult, Figures, Results, Window
from sodate.campaigns.lead_facts import LeadFacts, leads_at
from sodate.campaigns.member import Membership, MemberStatus, membership_of
from sodate.campaigns.sources import LiveCampaign
from sodate.campaigns.spend import ads_of, last_day_before, spend_of
from sodate.campaigns.touch import Touch, known_at, touches_in
from sodate.deals.deal import Deal
from sodate.messages import Message
from sodate.money import Money, sums

#: A lead is written in the same moment as the post that made it one.
_SAME_MOMENT = timedelta(minutes=1)
_EVER = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class CampaignFacts:
    """Everything that results are made of. `deals`: with their whole history."""

    campaigns: Sequence[LiveCampaign]
    rules: AttributionRules
    leads: Sequence[LeadFacts]
    deals: Sequence[Deal] = ()
    ad_costs: Sequence[AdCostRecord] = ()


def results(
    facts: CampaignFacts, as_of: datetime, model: AttributionModel | None = None, window: Window | None = None
) -> Results:
    """As known at `as_of`. `model` None: the one of the playbook. `window`: only what happened in it.

    Raises: `ValueError` for `own` without weights in the playbook.
    """
    model = model or facts.rules.model
    if model is AttributionModel.OWN and facts.rules.weights is None:
        raise ValueError(Message("the model `own` needs `weights` in attribution.yaml"))
    window = Window(window.begin, min(window.end, as_of)) if window is not None else Window(_EVER, as_of)
    folded = [_fold(one, facts.campaigns, as_of) for one in leads_at(facts.leads, as_of)]
    revenue = _attribute(facts, folded, as_of, model, window)
    costs = known_costs(facts.ad_costs, as_of)
    parts = [_Part(live, _ads_in(live, costs, window), folded, revenue, window) for live in facts.campaigns]
    campaign_results = tuple(part.result() for part in parts)
    return Results(
        as_of, model, campaign_results, _total(parts, revenue), sums(revenue.other), sums(revenue.unattributed)
    )


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
    """One lead as it was known. `mql_at`, `sql_at`: None: not yet."""

    lead: LeadFacts
    log: Sequence[Activity]
    touches: Sequence[Touch]
    mql_at: datetime | None
    sql_at: datetime | None

    @property
    def reached(self) -> dict[str, datetime | None]:
        return {"lead": self.lead.created, "mql": self.mql_at, "sql": self.sql_at}

    @property
    def term(self) -> str:
        """The keyword that acquired it."""
        touch = acquired_by(self.touches, self.lead.created)
        return touch.term if touch is not None else ""

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
    sql_at = next((one.at for one in log if one.type == "sales_accepted"), None)
    reached = [at for at in (lead.mql_at, sql_at) if at is not None and at < as_of]
    return _Folded(lead, log, touches_in(log, campaigns), min(reached, default=None), sql_at)


def _attribute(
    facts: CampaignFacts, folded: Iterable[_Folded], as_of: datetime, model: AttributionModel, window: Window
) -> _Revenue:
    by_lead = {lead_id: one for one in folded for lead_id in one.lead.lead_ids}
    found = _Revenue()
    for deal in won_as_of(facts.deals, as_of):
        if deal.closed_at is None or not window.has(deal.closed_at):
            continue
        # A contact that was merged into another one of the deal is the same lead.
        contacts = {by_lead[lead_id].lead.lead_id: lead_id for lead_id in deal.lead_ids if lead_id in by_lead}
        touches = [replace(one, lead_id=name) for lead, name in contacts.items() for one in by_lead[lead].touches]
        became_lead = min((by_lead[lead_id].lead.created for lead_id in contacts), default=None)
        for share in shares_of(deal, touches, model, facts.rules, became_lead):
            if share.touch is None or deal.currency is None:
                found.unattributed += [Money(deal.currency, share.amount)] if deal.currency else []
                continue
            _credit(found, deal.id, deal.currency, share.touch, share.amount)
    return found


def deals_as_of(deals: Iterable[Deal], as_of: datetime) -> list[Deal]:
    """Each as it was known before the minute of `as_of`, in order of id."""
    before = as_of.replace(second=0, microsecond=0) - timedelta(microseconds=1)
    known = (deal.as_of(before) for deal in deals)
    return sorted((deal for deal in known if deal is not None), key=lambda deal: deal.id)


def won_as_of(deals: Iterable[Deal], as_of: datetime) -> list[Deal]:
    return [deal for deal in deals_as_of(deals, as_of) if deal.is_won]


def _credit(found: _Revenue, deal_id: str, currency: str, touch: Touch, amount: int) -> None:
    """A touch of several campaigns is divided among them."""
    if not touch.campaigns:
        found.other.append(Money(currency, amount))
        return
    parts = divided(amount, [Fraction(1)] * len(touch.campaigns))
    for campaign, part in zip(touch.campaigns, parts, strict=True):
        found.amounts[campaign, touch.term].append(Money(currency, part))
        found.deals[campaign, touch.term].add(deal_id)


@dataclass(frozen=True)
class _Part:
    """One campaign among the others. `ads`: its own, of the window."""

    live: LiveCampaign
    ads: Sequence[AdCostRecord]
    folded: Sequence[_Folded]
    revenue: _Revenue
    window: Window

    @cached_property
    def acquired(self) -> list[_Folded]:
        return [one for one in self.folded if one.acquisition_campaign == self.live.id]

    @cached_property
    def memberships(self) -> dict[str, Membership]:
        by_lead = {one.lead.lead_id: membership_of(one.log, self.live) for one in self.folded}
        return {lead_id: one for lead_id, one in by_lead.items() if one is not None}

    @property
    def converted(self) -> set[str]:
        """Leads that converted in the window."""
        return {
            lead_id
            for lead_id, one in self.memberships.items()
            if one.status is MemberStatus.CONVERTED and self.window.has(datetime.fromtimestamp(one.since * 60, UTC))
        }

    @property
    def own_spend(self) -> tuple[Money, ...]:
        """Without ads, in the window; nothing of days that have not come."""
        if self.window.begin >= self.window.end:
            return ()
        campaign, leads = self.live.campaign, self.count("lead")
        until = spend_of(campaign, leads, (), self.window.end)
        before = spend_of(campaign, 0, (), self.window.begin) if self.window.begin != _EVER else ()
        return sums([*until, *(Money(one.currency, -one.amount) for one in before)])

    def count(self, stage: str, term: str | None = None) -> int:
        """Acquired leads that reached the stage in the window; `term`: by this keyword."""
        moments = (one.reached[stage] for one in self.acquired if term is None or one.term == term)
        return sum(at is not None and self.window.has(at) for at in moments)

    def result(self) -> CampaignResult:
        live, revenue = self.live, self.revenue
        own = [term for campaign, term in revenue.amounts if campaign == live.id]
        total = Figures(
            sum(one.impressions for one in self.ads),
            sum(one.clicks for one in self.ads),
            self.count("lead"),
            self.count("mql"),
            self.count("sql"),
            len(self.converted),
            len(set[str]().union(*(revenue.deals[live.id, term] for term in own))),
            sums(money for term in own for money in revenue.amounts[live.id, term]),
            _spent([*self.own_spend, *ad_spend(self.ads)]),
        )
        terms = {one.term for one in self.acquired} | set(own) | {one.term for one in self.ads}
        keywords = {term: self._of_keyword(term) for term in sorted(terms)}
        members = dict(Counter(one.status for one in self.memberships.values()))
        acquired = frozenset(one.lead.lead_id for one in self.acquired)
        touching = (one.lead for one in self.folded if any(live.id in t.campaigns for t in one.touches))
        touched = frozenset(lead_id for lead in touching for lead_id in lead.lead_ids)
        return CampaignResult(live.id, live.campaign.title, total, members, keywords, acquired, touched)

    def _of_keyword(self, term: str) -> Figures:
        """Spend is the ads' own: costs of the campaign as a whole belong to no keyword."""
        own_ads, key = [one for one in self.ads if one.term == term], (self.live.id, term)
        return Figures(
            sum(one.impressions for one in own_ads),
            sum(one.clicks for one in own_ads),
            self.count("lead", term),
            self.count("mql", term),
            self.count("sql", term),
            0,
            len(self.revenue.deals.get(key, ())),
            sums(self.revenue.amounts.get(key, ())),
            _spent(ad_spend(own_ads)),
        )


def _total(parts: Sequence[_Part], revenue: _Revenue) -> Figures:
    """Each lead, deal and ad once, however many campaigns claim it."""
    ads = list({(one.platform, one.day, one.row_key): one for part in parts for one in part.ads}.values())
    return Figures(
        sum(one.impressions for one in ads),
        sum(one.clicks for one in ads),
        sum(part.count("lead") for part in parts),
        sum(part.count("mql") for part in parts),
        sum(part.count("sql") for part in parts),
        len(set[str]().union(*(part.converted for part in parts))),
        len(set[str]().union(*revenue.deals.values())),
        sums(money for amounts in revenue.amounts.values() for money in amounts),
        _spent([*(money for part in parts for money in part.own_spend), *ad_spend(ads)]),
    )


def _ads_in(live: LiveCampaign, costs: Sequence[AdCostRecord], window: Window) -> list[AdCostRecord]:
    """Days of the window are days of the campaign's time zone."""
    zone = live.campaign.time_zone
    before, last = last_day_before(window.begin, zone), last_day_before(window.end, zone)
    return [one for one in ads_of(live.campaign, costs) if before < one.day <= last]


def _spent(amounts: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(one for one in sums(amounts) if one.amount)
