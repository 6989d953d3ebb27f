"""Reads what KPIs of money are made of: members' logs, deals and ad costs. For an operator, never on a schedule.

About five read units per lead that is a member of the campaigns, and those of the deals of the period. Figures are what
is known now of the days of the period, as those of the counters are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from sodate.activities.verdict import verdicts_of
from sodate.campaigns.figures import CampaignResult, Figures, Results, Window
from sodate.campaigns.gather import Wanted, gather
from sodate.campaigns.lead_facts import leads_at
from sodate.campaigns.live import must_be_known
from sodate.campaigns.results import CampaignFacts, deals_as_of, results
from sodate.deals.deal import Deal
from sodate.deals.store import deal_ids_of_company, deal_ids_of_month, every_deal_of, load_deal, open_deal_ids
from sodate.errors import Invalid, NotFound
from sodate.kpis import read
from sodate.kpis.activity_counts import counts_of_activity
from sodate.kpis.contribution import hour_of_minute
from sodate.kpis.email_counts import ALL
from sodate.kpis.funnel_counts import counts_of_stages
from sodate.kpis.money import MoneyCounts, deal_figures, money_counts
from sodate.kpis.period import Period, begin_of, day_of, end_of
from sodate.playbook.store import Definitions
from sodate.scoring.store import load_recent_snapshots

_CAMPAIGN = "campaign:"


@dataclass(frozen=True)
class MoneyFacts:
    """`campaign`: its id; None: all together. `moment`: until when things are known. `deals`: as they are known."""

    campaign: str | None
    zone: str
    moment: datetime
    facts: CampaignFacts
    deals: Sequence[Deal]

    def counts(self, period: Period) -> MoneyCounts:
        window = Window(begin_of(period.first, self.zone), min(end_of(period.last, self.zone), self.moment))
        results = self._results(window)
        one = self._campaign(results)
        known, at_end = deals_as_of(self.deals, self.moment), window.end - timedelta(microseconds=1)
        asked = {deal.id for deal in known if one is None or not one.touched.isdisjoint(deal.lead_ids)}
        then = [deal for one in known if one.id in asked and (deal := one.known_now_as_of(at_end)) is not None]
        return money_counts(one.figures if one else results.total, deal_figures(known, then, window, asked))

    @cached_property
    def acquired(self) -> frozenset[str]:
        """Leads that the campaign acquired, of all times."""
        one = self._campaign(self._results(None))
        return one.acquired if one else frozenset()

    def _results(self, window: Window | None) -> Results:
        try:
            return results(self.facts, self.moment, None, window)
        except ValueError as error:
            raise Invalid(str(error)) from error

    def _campaign(self, results: Results) -> CampaignResult | None:
        if self.campaign is None:
            return None
        return results.campaign(self.campaign) or CampaignResult(self.campaign, "", Figures(), {}, {})


def is_campaign(scope: str) -> bool:
    return scope.startswith(_CAMPAIGN)


def has_money(scope: str) -> bool:
    """Costs and revenue belong to one campaign, or to all of them together."""
    return scope == ALL or is_campaign(scope)


def read_money(definitions: Definitions, scope: str, period: Period, zone: str, now: datetime) -> MoneyFacts | None:
    """None for a scope without money, and for one of a `utm_campaign` that no campaign of the playbook is.

    Raises: `Invalid` for the attribution model `own` without weights.
    """
    campaign = scope.removeprefix(_CAMPAIGN) if is_campaign(scope) else None
    if not has_money(scope) or (campaign is not None and not _is_known(definitions, campaign)):
        return None
    moment, spanned = now + timedelta(minutes=1), Period(min(period.before().first, period.first), period.last)
    own = _deals(_deal_ids(spanned, zone, moment)) if campaign is None else []
    contacts = {lead_id for deal in own for lead_id in deal.lead_ids}
    facts = gather(definitions, Wanted(moment, None if campaign is None else {campaign}, contacts), every_deal_of)
    deals = {deal.id: deal for deal in (*own, *facts.deals)}
    companies = sorted({deal.company for deal in deals.values() if deal.company is not None and deal.is_won})
    more = _deals(set(deal_ids_of_company(companies)) - deals.keys())
    return MoneyFacts(campaign, zone, moment, facts, [*deals.values(), *more])


def by_definition(figures: read.Figures, money: MoneyFacts | None) -> read.Figures:
    """Of a campaign of the playbook: what the leads that it acquired did and reached, instead of the counters of the
    `utm_campaign` with its name. Sessions of the website are not in it: most are of nobody that is known.
    """
    if money is None or money.campaign is None:
        return figures
    by_day = counts_by_day(money)
    period, before = figures.period, figures.period.before()
    days = {day: dict(by_day[day]) for day in period if day in by_day}
    counts = read.added(days.values())
    then = read.added(by_day[day] for day in before if day in by_day)
    return replace(figures, counts=counts, days=days, before=then, has_sessions=False)


def counts_by_day(money: MoneyFacts) -> Mapping[date, Mapping[str, float]]:
    """Of the leads that the campaign acquired, by local day, as the counters have them."""
    by_day: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for hour, counts in (*_did(money), *_reached(money.acquired)):
        by_day[date.fromisoformat(day_of(hour, money.zone))].update(counts)
    return by_day


def _did(money: MoneyFacts) -> Iterator[tuple[str, Mapping[str, int]]]:
    for lead in leads_at(money.facts.leads, money.moment):
        verdicts = verdicts_of(lead.log) if lead.lead_id in money.acquired else {}
        for one in lead.log if lead.lead_id in money.acquired else ():
            image = {"type": one.type, "at": one.at.isoformat(), "about": one.about, "verdict": verdicts.get(one.key)}
            yield from ((part.hour, part.counts) for part in counts_of_activity(image))


def _reached(leads: Iterable[str]) -> Iterator[tuple[str, Mapping[str, int]]]:
    for snapshot in load_recent_snapshots(sorted(leads)).values():
        stages = snapshot.score_state.reached if snapshot.state_json else ()
        yield from ((hour_of_minute(minute), counts) for minute, counts in counts_of_stages(stages))


def _is_known(definitions: Definitions, campaign: str) -> bool:
    try:
        must_be_known(definitions, campaign)
    except NotFound:
        return False
    return True


def _deal_ids(period: Period, zone: str, until: datetime) -> set[str]:
    """Deals with a change since the period began, and open ones: so all that were open at its end are among them."""
    month, ids = begin_of(period.first, zone).astimezone(UTC).replace(day=1, hour=0, minute=0), set(open_deal_ids())
    while month < until:
        ids.update(deal_ids_of_month(month))
        month = (month + timedelta(days=32)).replace(day=1)
    return ids


def _deals(ids: Iterable[str]) -> list[Deal]:
    return [load_deal(deal_id) for deal_id in sorted(ids)]
