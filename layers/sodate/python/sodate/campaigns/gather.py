"""Collects what the results of campaigns are made of: for an operator and for reports, never in a request.

Of each member: its log, its profile's time of creation, its first signal, its deals; and the same of each contact of
these deals, and of each lead that was one with one of them by a merge. About five read units per lead.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from sodate.activities.store import own_activities_of
from sodate.campaigns import store
from sodate.campaigns.ad_cost import AdCostRecord
from sodate.campaigns.lead_facts import LeadFacts, leads_at, other_leads_in
from sodate.campaigns.live import campaigns_at, rules_at
from sodate.campaigns.results import CampaignFacts
from sodate.campaigns.sources import LiveCampaign
from sodate.deals.deal import Deal
from sodate.deals.store import deal_ids_of_month, load_deal
from sodate.dynamodb import table
from sodate.leads.lead import Profile
from sodate.leads.store import profiles_of
from sodate.playbook.store import Definitions
from sodate.signals.store import signals_of

#: Leads that are read at the same time.
_THREADS = 8
_In = TypeVar("_In")
_Out = TypeVar("_Out")
DealsOf = Callable[[str], Iterable[Deal]]


@dataclass(frozen=True)
class Wanted:
    """`campaigns`: ids; None: all. `also`: leads beside their members, such as contacts of deals of a period."""

    as_of: datetime
    campaigns: Collection[str] | None = None
    also: Collection[str] = ()


def gather(definitions: Definitions, wanted: Wanted, deals_of: DealsOf) -> CampaignFacts:
    """The facts under the definitions that were live at `wanted.as_of`. `deals_of`: every deal in which a lead is or
    was a contact.

    Raises: `Invalid` for a lead whose log cannot be read.
    """
    campaigns = campaigns_at(definitions, wanted.as_of)
    chosen = [live for live in campaigns if wanted.campaigns is None or live.id in wanted.campaigns]
    members = {member.lead_id for live in chosen for member in store.members_of(live.id)} | set(wanted.also)
    leads = _with_merged(members, wanted.as_of)
    deals = {deal.id: deal for found in _in_threads(deals_of, sorted(leads)) for deal in found}
    contacts = {lead_id for deal in deals.values() for change in deal.history for lead_id, _ in change.added}
    leads |= _with_merged(contacts - leads.keys(), wanted.as_of)
    found = [leads[lead_id] for lead_id in sorted(leads)]
    ordered = [deals[deal_id] for deal_id in sorted(deals)]
    return CampaignFacts(campaigns, rules_at(definitions, wanted.as_of), found, ordered, list(_ad_costs(chosen)))


def _with_merged(lead_ids: Collection[str], as_of: datetime) -> dict[str, LeadFacts]:
    """These leads, and those that were one with them at `as_of`; without erased ones."""
    leads, seen, wanted = dict[str, LeadFacts](), set[str](), set(lead_ids)
    while wanted:
        seen |= wanted
        found = list(_in_threads(_facts, [one for _, one in sorted(profiles_of(sorted(wanted)).items())]))
        leads |= {one.lead_id: one for one in found}
        wanted = {lead_id for one in found for lead_id in other_leads_in(one.log)} - seen
    asked = (one for one in leads_at(list(leads.values()), as_of) if not set(lead_ids).isdisjoint(one.lead_ids))
    return {lead_id: leads[lead_id] for one in asked for lead_id in one.lead_ids}


def _facts(profile: Profile) -> LeadFacts:
    lead_id = profile.lead_id
    created = datetime.fromisoformat(profile.created)
    return LeadFacts(lead_id, created, own_activities_of(lead_id), _first_signal(lead_id))


def _first_signal(lead_id: str) -> datetime | None:
    """When the score first reached the threshold of marketing; a signal of a scenario is none."""
    times = (signal.at for signal in signals_of(lead_id) if signal.sk.count("#") == 1)
    return min(map(datetime.fromisoformat, times), default=None)


def _ad_costs(campaigns: Sequence[LiveCampaign]) -> Iterator[AdCostRecord]:
    """Of the days of the campaigns that have ad costs."""
    spans: dict[str, tuple[date, date]] = {}
    for one in (live.campaign for live in campaigns):
        for line in one.costs:
            if line.ad_cost is not None:
                first, last = spans.get(line.ad_cost.platform, (one.from_, one.until))
                spans[line.ad_cost.platform] = min(first, one.from_), max(last, one.until)
    for platform, (first, last) in spans.items():
        yield from store.ad_costs(platform, first, last)


def _in_threads(act: Callable[[_In], _Out], items: Sequence[_In]) -> Iterator[_Out]:
    in_use = table.used()

    def acted(item: _In) -> _Out:
        in_use.use()
        return act(item)

    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(acted, items)


def contacts_of_period(campaigns: Sequence[LiveCampaign], as_of: datetime) -> set[str]:
    """Leads of every deal with a change since the first of the campaigns began, also those that no campaign reached.

    With them, the list shows what is not attributed to any campaign.
    """
    if not campaigns:
        return set()
    first = min(live.begin for live in campaigns).astimezone(UTC)
    month, ids = first.replace(day=1, hour=0, minute=0), set[str]()
    while month <= as_of:
        ids.update(deal_ids_of_month(month))
        month = (month + timedelta(days=32)).replace(day=1)
    return {lead_id for deal in _in_threads(load_deal, sorted(ids)) for lead_id in deal.lead_ids}
