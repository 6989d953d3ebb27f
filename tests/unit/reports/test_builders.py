"""Reports of worked examples, computed by hand."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.campaigns.figures import Figures
from sodate.money import Money
from sodate.reports.acquisition import AcquisitionRow, acquisition_report
from sodate.reports.campaign import CampaignFigures, CampaignRow, campaign_report
from sodate.reports.document import Cell, Figure, Period, Reason, Report, Unit
from sodate.reports.funnel import Stage, funnel_report
from sodate.reports.lead_record import LeadRecord, by_people, span_of
from sodate.reports.log_folds import ScenarioFold, SegmentFold
from sodate.reports.persona_map import FEWEST, Group, PersonaMapFold, persona_map_report
from sodate.reports.sales import SalesFigures, SignalFigures, sales_report
from sodate.reports.segment import reached
from sodate.reports.template import EmailFigures, EmailRow, TemplateFigures, template_report

from tests.support.sample_reports import AS_OF, SAMPLES, frame

EN = frame("en")


def rows(report: Report, block_id: str) -> list[dict[str, Any]]:
    block = next(one for one in report.blocks if one.id == block_id)
    names = [column.id for column in block.table.columns]
    return [dict(zip(names, map(value, row), strict=True)) for row in block.table.rows]


def value(cell: Cell) -> Any:
    return cell.value if isinstance(cell, Figure) else cell


def test_rates_of_emails_are_of_the_delivered_and_robots_are_apart() -> None:
    figures = EmailFigures(1000, 950, 285, 57, 40, 1, 5, opened_by_robots=300, clicked_by_robots=171)
    (row,) = rows(template_report(TemplateFigures("template", [EmailRow("welcome", figures)]), EN), "email_rates")
    expected = {
        "delivery_rate": 95.0,
        "open_rate": 30.0,
        "click_rate": 6.0,
        "bounce_rate": 4.0,
        "robot_opens": pytest.approx(100 * 300 / 585),
        "robot_clicks": 75.0,
    }
    assert {name: pytest.approx(row[name]) for name in expected} == expected
    assert row["unsubscribe_rate"] == pytest.approx(100 * 5 / 950)


def test_roi_cpl_and_cpa_are_the_missions_formulas() -> None:
    spent, earned = (Money("JPY", 500_000),), (Money("JPY", 1_250_000),)
    row = CampaignRow("ads", Figures(100_000, 2_500, 50, 20, 8, 10, 4, earned, spent))
    report = campaign_report(CampaignFigures([row], "first"), EN)
    (money,), (ads,) = rows(report, "money_campaign"), rows(report, "ads_campaign")
    assert (money["roi"], money["cpl"], money["cpa"], ads["ctr"]) == (150.0, 10_000, 50_000, 2.5)
    assert {one.term: one.formula for one in report.definitions}["ROI"] == "(revenue − spend) ÷ spend × 100"


@pytest.mark.parametrize(
    ("spend", "revenue", "reason"),
    [
        ((), (Money("JPY", 1),), Reason.NO_COST),
        ((Money("JPY", 0),), (Money("JPY", 1),), Reason.NOTHING_TO_DIVIDE_BY),
        ((Money("JPY", 5),), (Money("USD", 1),), Reason.SEVERAL_CURRENCIES),
        ((Money("JPY", 5),), (Money("JPY", 5), Money("USD", 1)), Reason.SEVERAL_CURRENCIES),
    ],
)
def test_an_roi_without_a_cost_or_in_two_currencies_is_not_defined(
    spend: tuple[Money, ...], revenue: tuple[Money, ...], reason: Reason
) -> None:
    (row,) = _money_rows(Figures(revenue=revenue, spend=spend))
    assert row[3] == Figure(None, Unit.PERCENT, reason=reason)


def test_a_loss_is_a_negative_roi_and_nothing_earned_is_zero_in_the_currency_of_the_cost() -> None:
    (row,) = _money_rows(Figures(revenue=(Money("JPY", 50),), spend=(Money("JPY", 200),)))
    assert isinstance(row[3], Figure) and row[3].value == -75.0
    (row,) = _money_rows(Figures(spend=(Money("USD", 200),)))
    assert row[2] == Figure(0, Unit.MONEY, "USD")
    assert isinstance(row[4], Figure) and row[4].reason is Reason.NOTHING_TO_DIVIDE_BY


def _money_rows(figures: Figures) -> tuple[tuple[Cell, ...], ...]:
    return campaign_report(CampaignFigures([CampaignRow("one", figures)], "first"), EN).blocks[0].table.rows


def test_a_funnel_shows_conversion_drop_off_and_time() -> None:
    stages = [Stage("lead", 200), Stage("mql", 50, 48.0), Stage("sql", 20, 12.0), Stage("deal", 0), Stage("won", 0)]
    found = {row["stage"]: row for row in rows(funnel_report(stages, [], EN), "funnel")}
    assert (found["MQL"]["of_previous"], found["MQL"]["dropped"], found["MQL"]["days_between"]) == (25.0, 150, 2.0)
    assert (found["SQL"]["of_previous"], found["SQL"]["of_first"]) == (40.0, 10.0)
    assert found["Won"]["of_previous"] is None and found["Won"]["of_first"] == 0.0


def test_a_cohort_without_leads_is_not_defined() -> None:
    report = acquisition_report([AcquisitionRow("2026-10", 40, {"mql": 10}), AcquisitionRow("2026-11", 0, {})], EN)
    first, second = rows(report, "cohorts")
    assert (first["mql"], first["won"], second["mql"]) == (25.0, 0.0, None)


def test_sales_answer_times_are_medians_and_an_early_answer_counts() -> None:
    def signal(hours: float | None, feedback: str | None) -> SignalFigures:
        at = None if hours is None else AS_OF + timedelta(hours=hours)
        return SignalFigures(AS_OF, "sato", feedback, at)

    signals = [signal(1, "accepted"), signal(5, "rejected"), signal(30, "won"), signal(None, None)]
    report = sales_report(SalesFigures(signals, Counter(), Counter(deal_won=1, deal_lost=3)), EN)
    (owner,) = rows(report, "owners")
    assert (owner["answered"], owner["accepted"], owner["rejected"], owner["hours_to_answer"]) == (75.0, 2, 1, 5.0)
    assert owner["acceptance"] == pytest.approx(200 / 3)
    tiles = {row["figure"]: row["value"] for row in rows(report, "sales_tiles")}
    assert tiles["Win rate"] == 25.0


def test_who_was_rejected_came_as_far_as_mql_and_who_was_lost_to_sql() -> None:
    stages = {"lead": 5, "mql": 4, "rejected": 3, "sql": 2, "lost": 1, "customer": 6}
    assert (reached(stages, "mql"), reached(stages, "sql"), reached(stages, "customer")) == (16, 9, 6)


# -- folds over leads --------------------------------------------------------------------------------------------------

PERIOD = Period(date(2026, 11, 1), date(2026, 11, 30), "Asia/Tokyo")
SPAN = span_of(PERIOD)


def did(type_: str, day: int, key: str = "", **about: str) -> Activity:
    return Activity("lead", type_, datetime(2026, 11, day, 3, tzinfo=UTC), key or f"{type_}{day}", about)


def test_the_days_of_a_period_are_those_of_the_stage() -> None:
    assert SPAN.begin.astimezone(UTC) == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert not SPAN.has(datetime(2026, 11, 30, 15, tzinfo=UTC))


def test_a_verdict_after_the_period_counts_for_an_activity_in_it() -> None:
    click = did("mail_clicked", 3, "k1", link="https://example.jp/a")
    verdict = Activity(
        "lead", "activity_judged", datetime(2026, 12, 9, tzinfo=UTC), "v", {"of": "k1", "verdict": "robot"}
    )
    assert by_people([click], SPAN) == (click,)
    assert by_people([click, verdict], SPAN) == ()


def test_a_journey_counts_a_lead_once_per_item_in_each_of_its_groups() -> None:
    fold = PersonaMapFold()
    for number in range(FEWEST):
        log = (did("mail_clicked", 3, link="https://example.jp/a"), did("mail_clicked", 4, link="https://example.jp/a"))
        fold.count(LeadRecord(log if number else log[:1], "interest", "lead", frozenset({"tokyo"})))
    groups = [Group("phase", "interest", "Interest"), Group("segment", "tokyo", "Tokyo")]
    report = persona_map_report(fold, groups, EN)
    assert [(row["group"], row["leads"], row["share_of_group"]) for row in rows(report, "journey_read")] == [
        ("Interest", FEWEST, 100.0),
        ("Tokyo", FEWEST, 100.0),
    ]


def test_a_small_group_says_that_it_is_too_small() -> None:
    fold = PersonaMapFold()
    fold.count(LeadRecord((did("form_submitted", 3, form="demo"),), "interest"))
    (row,) = persona_map_report(fold, [Group("phase", "interest", "Interest")], EN).blocks[3].table.rows
    assert isinstance(row[2], Figure) and row[2].reason is Reason.TOO_FEW


def test_figures_of_parts_add_up_to_those_of_the_whole() -> None:
    leads = [
        LeadRecord((did("segment_entered", 2, segment="a"),), "interest", "mql", frozenset({"a"})),
        LeadRecord((did("segment_left", 3, segment="a"), did("mail_opened", 4)), None, None, frozenset({"b"})),
    ]
    whole, first, second = SegmentFold(), SegmentFold(), SegmentFold()
    for lead in leads:
        whole.count(lead)
    first.count(leads[0])
    second.count(leads[1])
    first.merge(second)
    titles = {"a": "A", "b": "B"}
    assert whole.rows(titles) == first.rows(titles)
    a, b = whole.rows(titles)
    assert (a.members, a.entered, a.left, b.engaged) == (1, 1, 1, 1)


def test_a_sequence_counts_by_its_enrollment_and_a_scenario_by_its_log() -> None:
    fold = ScenarioFold()
    entered = (did("scenario_entered", 3, "1", scenario="nurture"), did("scenario_entered", 9, "2", scenario="nurture"))
    fold.count(LeadRecord(entered, began=("nurture", "welcome")))
    assert fold.entered == {"nurture": 2, "welcome": 1}


def test_every_kind_has_a_worked_example() -> None:
    assert all(SAMPLES[kind]("en").kind == kind for kind in SAMPLES)
