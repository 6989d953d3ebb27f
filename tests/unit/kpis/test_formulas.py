"""The mission's formulas on an example that is computed by hand (figure 2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.experiments.intervals import Count, rate_interval
from sodate.kpis import formula
from sodate.kpis.catalog import BY_NAME, KPIS
from sodate.kpis.definition import Quotient
from sodate.kpis.formula import NotDefined, Number, Ratio

#: A campaign: 200,000 yen, 40,000 impressions, 600 clicks on the ad, 500 sessions, 50 forms, 40 leads, 2 orders.
COUNTS = {
    "email_sent": 1_000, "email_delivered": 980, "email_hard_bounced": 12, "email_soft_bounced": 8,
    "email_complained": 1, "email_opened": 343, "email_machine_opened": 147, "email_clicked": 49,
    "email_machine_clicked": 147, "email_unsubscribed": 7, "email_replied": 14,
    "ad_impressions": 40_000, "ad_clicks": 600, "page_views": 1_250, "sessions": 500, "bounces": 200,
    "engaged_sessions": 300, "dwell_seconds": 45_000, "scroll_percent": 31_000, "return_sessions": 125,
    "did_form_submitted": 50, "reached_lead": 40, "reached_mql": 16, "reached_sql": 8, "reached_deal": 5,
    "reached_won": 2, "did_sales_accepted": 8, "did_sales_rejected": 4, "did_deal_won": 2, "did_deal_lost": 3,
    "minutes_to_mql": 16 * 1_440 * 9, "spend": 200_000, "revenue": 900_000,
    "acquired": 40, "converted": 50, "customers": 2, "lifetime_revenue": 900_000, "won_amount": 900_000,
    "forecast": 120_000, "nps_answers": 20, "nps_promoters": 9, "nps_detractors": 4,
}  # fmt: skip
BY_HAND = {
    "sent": 1_000, "delivered": 980, "delivery_rate": 98.0, "bounce_rate": 1.2, "soft_bounce_rate": 0.8,
    "complaint_rate": 100 / 980, "open_rate": 35.0, "click_rate": 5.0, "click_to_open_rate": 100 / 7,
    "unsubscribe_rate": 5 / 7, "reply_rate": 10 / 7, "ctr": 1.5, "page_views": 1_250, "sessions": 500,
    "web_bounce_rate": 40.0, "engagement_rate": 60.0, "dwell": 90.0, "scroll": 62.0, "return_rate": 25.0,
    "conversions": 50, "cvr": 10.0, "leads": 40, "mqls": 16, "sqls": 8, "deals": 5, "won": 2,
    "acceptance": 200 / 3, "win_rate": 40.0, "time_to_mql": 12_960.0, "cpl": 5_000.0, "cpa": 4_000.0,
    "ltv": 450_000.0, "spend": 200_000, "revenue": 900_000, "acquired_leads": 40, "campaign_conversions": 50,
    "won_amount": 900_000, "forecast": 120_000, "roi": 350.0, "nps": 25.0,
}  # fmt: skip


def test_every_kpi_of_the_worked_example_is_what_a_person_computes() -> None:
    assert BY_HAND.keys() == BY_NAME.keys()
    for name, expected in BY_HAND.items():
        value = BY_NAME[name].of(COUNTS)
        assert isinstance(value, Number | Ratio)
        assert value.value == pytest.approx(expected, rel=1e-12), name


def test_the_share_of_robots_stands_beside_a_rate() -> None:
    opened, clicked = BY_NAME["open_rate"].robot_share(COUNTS), BY_NAME["click_rate"].robot_share(COUNTS)
    assert isinstance(opened, Ratio)
    assert isinstance(clicked, Ratio)
    assert (opened.value, clicked.value) == (30.0, 75.0)


@given(st.dictionaries(st.sampled_from(sorted(COUNTS)), st.integers(0, 5)))
def test_nothing_divides_by_zero(counts: dict[str, float]) -> None:
    for kpi in KPIS:
        for value in (kpi.of(counts), kpi.robot_share(counts)):
            assert isinstance(value, NotDefined) or value.value == value.value


def test_a_missing_cost_is_unknown_and_not_free() -> None:
    counts = {name: count for name, count in COUNTS.items() if name != "spend"}
    for name in ("cpl", "cpa", "roi"):
        assert BY_NAME[name].of(counts) == NotDefined("no_cost")


def test_the_interval_is_the_one_of_experiments_in_the_ratios_unit() -> None:
    interval = rate_interval(Count(200, 30), 0.05)
    assert Ratio(30, 200, 100.0).interval == (interval.low * 100, interval.high * 100)


def test_an_interval_belongs_to_shares_only() -> None:
    assert Ratio(5, 10, 100).interval == (pytest.approx(20.14, abs=0.01), pytest.approx(79.86, abs=0.01))
    assert Ratio(12, 10).interval is None


def test_growth_and_attainment() -> None:
    assert formula.growth(15, 12) == Ratio(3, 12, 100.0)
    assert formula.growth(15, 0) == NotDefined("no_base")
    assert formula.attainment(Number(45), 60) == Ratio(45, 60, 100.0)
    assert formula.attainment(Number(45), None) == NotDefined("no_target")


def test_every_definition_has_words_in_both_languages_and_a_formula() -> None:
    assert len({kpi.name for kpi in KPIS}) == len(KPIS)
    for kpi in KPIS:
        assert kpi.label("ja")
        assert kpi.label("en")
        assert kpi.meaning("ja").endswith("。")
        assert kpi.meaning("en").endswith(".")
        assert kpi.version >= 1
        for language in ("ja", "en"):
            assert ("÷" in kpi.formula(language)) == isinstance(kpi.counters, Quotient)
