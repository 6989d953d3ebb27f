"""Merged leads in the results of campaigns: one lead while they are merged, two before and after, on any past day."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules
from sodate.campaigns.lead_facts import LeadFacts, leads_at, other_leads_in
from sodate.campaigns.results import CampaignFacts, results
from sodate.deals.deal import DealChange, deal_of
from sodate.money import Money

from tests.support.campaigning import activity, campaign, day, won_deal

RULES = AttributionRules(model=AttributionModel.LINEAR)
CAMPAIGNS = [campaign("autumn"), campaign("fair")]
MODELS = [model for model in AttributionModel if model is not AttributionModel.OWN]
LEADS = ("A", "B", "C", "D")


def merged(at: float, joins: str = "OLD", stays: str = "NEW", type_: str = "lead_merged") -> Activity:
    return Activity(stays, type_, day(at), f"{type_}-{joins}-{at}", {"lead": joins})


def undone(at: float, joins: str = "OLD", stays: str = "NEW") -> Activity:
    return merged(at, joins, stays, "lead_unmerged")


def two(*merges: Activity) -> CampaignFacts:
    """OLD came by the campaign on day 1, NEW by the fair on day 5; the deal has only NEW as its contact."""
    old = LeadFacts("OLD", day(1), [activity("t1", day(1), lead="OLD", campaign="autumn")], day(2))
    new = LeadFacts("NEW", day(5), [activity("t2", day(5), lead="NEW", campaign="fair"), *merges])
    return CampaignFacts(CAMPAIGNS, RULES, [old, new], [won_deal(leads=("NEW",))])


def figures(facts: CampaignFacts, as_of: float) -> list[tuple[int, int, int]]:
    """Leads, MQLs and revenue of each campaign."""
    found = [one.figures for one in results(facts, day(as_of)).campaigns]
    return [(one.leads, one.mqls, sum(money.amount for money in one.revenue)) for one in found]


APART, TOGETHER = [(1, 1, 0), (1, 0, 1_000_000)], [(1, 1, 500_000), (0, 0, 500_000)]


@pytest.mark.parametrize(("as_of", "expected"), [(45, APART), (55, TOGETHER), (65, APART)])
def test_a_merged_lead_is_one_with_the_lead_that_stays_while_it_is_merged(as_of: float, expected: object) -> None:
    assert figures(two(merged(50), undone(60)), as_of) == expected


def test_of_a_merge_and_its_undoing_in_one_instant_the_undoing_counts() -> None:
    for merges in ([merged(50), undone(50)], [undone(50), merged(50)]):
        assert figures(two(*merges), 55) == APART


def test_a_deal_that_names_both_has_one_contact() -> None:
    facts = two(merged(50))
    both = replace(facts, deals=[won_deal(leads=("OLD", "NEW"))])
    assert figures(both, 55) == TOGETHER
    only_the_merged_one = replace(facts, deals=[won_deal(leads=("OLD",))])
    assert figures(only_the_merged_one, 55) == TOGETHER


def test_what_the_merged_lead_did_later_counts_for_the_lead_that_stays() -> None:
    facts = two(merged(10))
    old, new = facts.leads
    later = replace(old, log=[*old.log, activity("t3", day(12), lead="OLD", campaign="autumn")])
    assert figures(replace(facts, leads=[later, new]), 55) == [(1, 1, 666_667), (0, 0, 333_333)]


def test_a_lead_whose_other_lead_was_erased_is_as_it_was() -> None:
    (_, new) = two(merged(10)).leads
    assert leads_at([new], day(20)) == [new]


def test_either_of_two_merged_leads_names_the_other_one() -> None:
    into = Activity("OLD", "merged_into", day(10), "i", {"into": "NEW"})
    assert list(other_leads_in([merged(10), activity("t", day(11))])) == ["OLD"]
    assert list(other_leads_in([into])) == ["NEW"]


@dataclass
class History:
    """What is stored after each step: logs, contacts of a deal, and which leads are merged."""

    logs: dict[str, list[Activity]] = field(default_factory=dict)
    changes: list[DealChange] = field(default_factory=list)
    into: dict[str, str] = field(default_factory=dict)

    def facts(self) -> CampaignFacts:
        leads = [LeadFacts(name, log[0].at, list(log)) for name, log in self.logs.items()]
        deal = deal_of("D1", self.changes)
        return CampaignFacts(CAMPAIGNS, RULES, leads, [deal] if deal else [])

    def contacts(self) -> set[str]:
        deal = deal_of("D1", self.changes)
        return set(deal.lead_ids) if deal else set()

    def do(self, at: int, what: str, lead: str, other: str, source: str) -> None:
        if what == "touch":
            self.logs[lead].append(activity(f"t{at}", day(at), lead=lead, campaign=source))
        elif what == "merge" and lead != other and not {lead, other} & self.into.keys():
            if lead not in self.into.values():
                self.into[lead] = other
                self.logs[other].append(merged(at, lead, other))
                self._move(at, lead, other)
        elif what == "undo" and lead in self.into:
            stays = self.into.pop(lead)
            self.logs[stays].append(undone(at, lead, stays))
            self._move(at, stays, lead)

    def _move(self, at: int, giver: str, taker: str) -> None:
        if giver in self.contacts():
            change = DealChange(f"c{at}", day(at), day(at), "merge", added=((taker, ""),), removed=(giver,))
            self.changes.append(change)


steps = st.lists(
    st.tuples(
        st.sampled_from(["touch", "merge", "undo", "merge"]),
        st.sampled_from(LEADS),
        st.sampled_from(LEADS),
        st.sampled_from(["autumn", "fair", "elsewhere"]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(steps=steps, model=st.sampled_from(MODELS), contacts=st.sets(st.sampled_from(LEADS), min_size=1))
def test_a_report_of_any_day_stays_what_it_was_and_counts_each_lead_and_each_yen_once(
    steps: list[tuple[str, str, str, str]], model: AttributionModel, contacts: set[str]
) -> None:
    history = History()
    for number, name in enumerate(LEADS, 1):
        history.logs[name] = [activity("first", day(number), lead=name, campaign="autumn")]
    history.changes = list(won_deal(opened=6, won=8, money=Money("JPY", 777_777), leads=tuple(contacts)).history)
    reported = []
    for number, step in enumerate(steps, 10):
        history.do(number, *step)
        found = results(history.facts(), day(number + 0.5), model)
        assert sum(one.figures.leads for one in found.campaigns) == len(LEADS) - len(history.into)
        revenue = [money for one in found.campaigns for money in one.figures.revenue]
        assert sum(one.amount for one in [*revenue, *found.other, *found.unattributed]) == 777_777
        reported.append(found)
    for number, found in enumerate(reported, 10):
        assert results(history.facts(), day(number + 0.5), model) == found
