"""Results of campaigns: a worked example by hand, and what must not change afterwards."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.activities.activity import Activity
from sodate.campaigns.ad_cost import AdCostRecord
from sodate.campaigns.attribution_rules import AttributionModel, AttributionRules
from sodate.campaigns.figures import Figures, Window
from sodate.campaigns.lead_facts import LeadFacts
from sodate.campaigns.member import MemberStatus
from sodate.campaigns.results import CampaignFacts, results
from sodate.kpis.formula import NotDefined
from sodate.kpis.money import quotient
from sodate.money import Money

from tests.support.campaigning import activity, campaign, day, won_deal

RULES = AttributionRules(model=AttributionModel.LINEAR)
AUTUMN = campaign(
    "autumn",
    conversion={"activity": "form_submitted", "form": "demo"},
    costs=[
        {"amount": 30_000, "on": "2026-10-01"},
        {"amount": 92_000, "from": "2026-10-01", "until": "2026-12-31"},
        {"per_lead": 500},
        {"ad_cost": {"platform": "google", "campaigns": ["秋*"]}},
    ],
)
FAIR = campaign("fair", sources={"activities": [{"activity": "card_exchanged"}]})


def kpi(name: str, figures: Figures) -> float | str:
    """The value, or why there is none."""
    value = quotient(name, figures)
    return value.why if isinstance(value, NotDefined) else value.value


def lead(name: str, created: float, *log: Activity, mql: float | None = None) -> LeadFacts:
    mine = [replace(one, lead_id=name) for one in log]
    return LeadFacts(name, day(created), mine, None if mql is None else day(mql))


def ad(
    day_number: int, keyword: str, cost: int, clicks: int = 10, impressions: int = 1000, **given: Any
) -> AdCostRecord:
    on, recorded = date(2026, 10, day_number), day(day_number)
    record = AdCostRecord("google", on, "秋_資料", "g", keyword, impressions, clicks, cost * 10**6, "JPY", recorded)
    return replace(record, **given)


def worked_example() -> CampaignFacts:
    first = activity("t1", day(1), form="demo", campaign="autumn", term="リード育成", source="google", medium="cpc")
    card, accepted = activity("t2", day(5), "card_exchanged"), activity("s", day(8), "sales_accepted")
    return CampaignFacts(
        [AUTUMN, FAIR],
        RULES,
        [
            lead("L1", 1, first, card, accepted, mql=7),
            lead("L2", 2, activity("t3", day(2), campaign="autumn"), mql=60),
            lead("L3", 0, activity("t4", day(3), campaign="autumn")),
        ],
        [won_deal("D1", money=Money("JPY", 1_000_001), leads=("L1",))],
        [ad(1, "[リード育成]", 20_000), ad(2, "MA", 5_000, clicks=0, impressions=0)],
    )  # fmt: skip


def test_the_worked_example_by_hand() -> None:
    """On day 46 (2026-11-15 ended): half of the spread cost has accrued; L3 was a lead before it touched anything."""
    found = results(worked_example(), day(46))
    autumn = found.campaign("autumn")
    assert autumn is not None
    figures = autumn.figures
    assert (figures.leads, figures.mqls, figures.sqls, figures.conversions, figures.deals) == (2, 1, 1, 1, 1)
    assert figures.spend == (Money("JPY", 30_000 + 46_000 + 2 * 500 + 25_000),)
    assert figures.revenue == (Money("JPY", 500_001),)  # the odd yen goes to the earlier touch
    assert (kpi("cpl", figures), kpi("cpa", figures), kpi("ctr", figures)) == (51_000, 102_000, 1.0)
    assert kpi("roi", figures) == pytest.approx((500_001 - 102_000) * 100 / 102_000)
    assert autumn.members == {MemberStatus.CONVERTED: 1, MemberStatus.RESPONDED: 2}
    keyword = autumn.keywords["リード育成"]
    assert (keyword.leads, keyword.deals, keyword.spend) == (1, 1, (Money("JPY", 20_000),))
    assert kpi("roi", keyword) == pytest.approx((500_001 - 20_000) * 100 / 20_000)
    assert kpi("ctr", autumn.keywords["ma"]) == "no_data"
    fair = found.campaign("fair")
    assert fair is not None and fair.figures.revenue == (Money("JPY", 500_000),)
    assert (kpi("roi", fair.figures), kpi("cpl", fair.figures)) == ("no_cost", "no_cost")


def test_every_yen_of_won_deals_is_somewhere() -> None:
    facts = worked_example()
    other = lead(
        "L4", 0, activity("o", day(4), source="google", medium="organic"), activity("t", day(5), campaign="autumn")
    )
    deals = [*facts.deals, won_deal("D2", money=Money("JPY", 777), leads=("L4",)), won_deal("D3", leads=("L9",))]
    found = results(replace(facts, leads=[*facts.leads, other], deals=deals), day(100))
    everything = [*found.other, *found.unattributed, *(one for each in found.campaigns for one in each.figures.revenue)]
    assert sum(one.amount for one in everything) == 1_000_001 + 777 + 1_000_000
    assert found.other == (Money("JPY", 389),)
    assert found.unattributed == (Money("JPY", 1_000_000),)


def test_two_currencies_are_never_added_and_make_no_roi() -> None:
    facts = worked_example()
    dollars = won_deal("D2", money=Money("USD", 12_345), leads=("L2",))
    autumn = results(replace(facts, deals=[*facts.deals, dollars]), day(46)).campaign("autumn")
    assert autumn is not None
    assert autumn.figures.revenue == (Money("JPY", 500_001), Money("USD", 12_345))
    assert kpi("roi", autumn.figures) == "several_currencies"
    only_dollars = results(replace(facts, deals=[dollars]), day(46)).campaign("autumn")
    assert only_dollars is not None and kpi("roi", only_dollars.figures) == "several_currencies"
    euros = [*facts.ad_costs, ad(3, "x", 5, currency="EUR")]
    figures = results(replace(facts, ad_costs=euros), day(46)).campaign("autumn").figures  # type: ignore[union-attr]
    assert [one.currency for one in figures.spend] == ["EUR", "JPY"]
    assert {kpi(name, figures) for name in ("cpl", "cpa", "roi")} == {"several_currencies"}


def test_nothing_is_divided_by_zero() -> None:
    empty, spent = Figures(), Figures(spend=(Money("JPY", 100),))
    assert [kpi(name, empty) for name in ("ctr", "cpl", "cpa", "roi")] == ["no_data", "no_cost", "no_cost", "no_cost"]
    assert [kpi(name, spent) for name in ("cpl", "cpa", "roi")] == ["no_base", "no_base", -100]


def test_a_window_has_what_happened_in_it_and_windows_side_by_side_have_everything() -> None:
    """The first ten days of October, and the rest until day 46: costs by their days, leads, deals by their time."""
    facts = worked_example()
    first, rest = (results(facts, day(46), None, Window(day(a), day(b))) for a, b in ((0, 10), (10, 46)))
    whole = results(facts, day(46))
    one, two, both = (found.campaigns[0].figures for found in (first, rest, whole))
    assert one.spend == (Money("JPY", 30_000 + 10_000 + 2 * 500 + 25_000),) and two.spend == (Money("JPY", 36_000),)
    assert (one.leads, one.mqls, one.sqls, one.conversions, one.clicks) == (2, 1, 1, 1, 10)
    assert (two.leads, two.mqls, two.sqls, two.conversions, two.clicks) == (0, 0, 0, 0, 0)
    assert one.revenue == () and two.revenue == both.revenue
    assert first.campaigns[0].acquired == rest.campaigns[0].acquired == {"L1", "L2"}


def test_all_campaigns_together_count_each_ad_lead_and_deal_once() -> None:
    twin = campaign("twin", conversion={"activity": "form_submitted", "form": "demo"},
                    costs=[{"ad_cost": {"platform": "google", "campaigns": ["秋_*"]}}])  # fmt: skip
    facts = replace(worked_example(), campaigns=[AUTUMN, FAIR, twin])
    found = results(facts, day(46))
    autumn, total = found.campaigns[0].figures, found.total
    assert found.campaigns[2].figures.spend == (Money("JPY", 25_000),)
    assert total.spend == autumn.spend and (total.impressions, total.clicks) == (1000, 10)
    assert (total.leads, total.conversions, total.deals) == (2, 1, 1)
    assert sum(one.amount for one in total.revenue) == 1_000_001


def test_a_touch_of_two_campaigns_is_divided_between_them() -> None:
    twin = campaign("twin", sources={"utm": [{"campaign": "autumn"}]})
    facts = CampaignFacts(
        [AUTUMN, twin], RULES, [lead("L1", 1, activity("t", day(1), campaign="autumn"))], [won_deal()]
    )
    found = results(facts, day(100))
    assert [one.figures.revenue[0].amount for one in found.campaigns] == [500_000, 500_000]
    assert [one.figures.leads for one in found.campaigns] == [1, 0]


@settings(deadline=None)
@given(
    moment=st.integers(1, 120), model=st.sampled_from([one for one in AttributionModel if one != "own"]), data=st.data()
)
def test_a_report_of_a_past_day_stays_what_it_was(moment: int, model: AttributionModel, data: st.DataObject) -> None:
    """Late events, verdicts, corrections of costs, further deals and a lost deal arrive after the report."""
    facts, as_of = worked_example(), day(moment)
    late = data.draw(st.integers(0, 100).map(day))
    recorded = as_of + timedelta(minutes=data.draw(st.integers(0, 1000)))
    leads = [
        replace(
            one,
            log=data.draw(st.permutations([
                *one.log,
                activity("late", min(late, recorded), lead=one.lead_id, campaign="autumn", recorded=recorded),
                activity("judged", recorded, "activity_judged", lead=one.lead_id, of="t1", verdict="robot"),
            ])),
        )
        for one in facts.leads
    ]  # fmt: skip
    costs = [*facts.ad_costs, replace(facts.ad_costs[0], cost_micros=7, recorded_at=recorded)]
    new_deal = won_deal("D9", won=data.draw(st.integers(20, 60)), leads=("L2",))
    recorded_late = replace(new_deal, history=tuple(replace(one, recorded_at=recorded) for one in new_deal.history))
    later = replace(facts, leads=leads, ad_costs=costs, deals=[*facts.deals, recorded_late])
    assert results(later, as_of, model) == results(facts, as_of, model)


def test_the_leads_may_come_in_any_order() -> None:
    facts = worked_example()
    assert results(replace(facts, leads=facts.leads[::-1]), day(80)) == results(facts, day(80))


def test_a_cost_counts_from_the_day_on_which_it_is_due() -> None:
    def spend(at: datetime) -> int:
        found = results(CampaignFacts([AUTUMN], RULES, []), at).campaign("autumn")
        return sum(one.amount for one in found.figures.spend) if found else 0

    assert spend(day(0)) == 0
    assert spend(day(0.5)) == 30_000 + 1_000
    assert spend(day(92)) == spend(day(300)) == 30_000 + 92_000
