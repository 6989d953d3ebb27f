"""KPIs of money on a stage: a campaign with ads, leads and deals, computed by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.kpis.verify import verify
from sodate.money import Money
from sodate.playbook.store import Definitions
from sodate_cli import kpis as kpi_command
from sodate_cli.reports import commands as report_command

from tests.functions.quick import QuickWorld
from tests.functions.test_campaigns import AUTUMN, MARKED, REPORT, log, stage, won
from tests.functions.test_campaigns import run as campaign
from tests.functions.test_kpi_command import run as kpi
from tests.functions.test_report_command import rows
from tests.functions.test_report_command import run as report

__all__ = ["stage"]


@pytest.fixture
def sold(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> QuickWorld:
    """100,000 yen and 20,000 yen of ads; two leads of the campaign, of which one converts; one lead of nobody.

    Deals: 480,000 yen won by the campaign, an open one of 1,000,000 yen at 20 %, and 250,000 yen of nobody.
    """
    for module in (kpi_command, report_command):
        monkeypatch.setattr(module, "target", lambda _: None)
        monkeypatch.setattr(module, "now", lambda _: stage.now)
    Definitions().retire("campaign", "autumn-materials", stage.now)
    file = tmp_path / "ads.csv"
    file.write_text(REPORT, encoding="utf-8")
    campaign("cost", "import", str(file), "--format", "google", "--json")
    lead = stage.join("taro@example.jp", **MARKED)
    other = stage.join("jiro@example.jp", **MARKED)
    nobody = stage.join("hanako@example.org")
    log(stage, lead, "meeting_set")
    stage.now += timedelta(days=1)
    won(stage, lead, 480_000)
    won(stage, nobody, 250_000)
    opened(stage, other, 1_000_000)
    counted(stage)
    return stage


def opened(world: QuickWorld, lead_id: str, amount: int) -> None:
    entry = DealEntry(("crm", f"open-{amount}"), "api", effective_at=world.now, stage="open",
                      money=Money("JPY", amount), added=((lead_id, ""),))  # fmt: skip
    record_deal(entry, Deals(), world.now, world.app.new_id)
    world.settle()


def counted(world: QuickWorld) -> None:
    for _ in range(3):
        world.advance(timedelta(minutes=5))
        world.call("kpi_rollup", {})


def show(*arguments: str) -> dict[str, Any]:
    return {row["kpi"]: row for row in kpi("show", *arguments, "--json")["kpis"]}


def values(found: dict[str, Any], *names: str) -> list[Any]:
    return [found[name]["value"] for name in names]


def test_the_money_of_a_campaign_by_hand(sold: QuickWorld) -> None:
    found = show("campaign:autumn", "--period", "2026-11")
    assert values(found, "spend", "revenue", "acquired_leads", "campaign_conversions") == [120_000, 480_000, 2, 1]
    assert values(found, "cpl", "cpa", "roi", "ctr") == [60_000, 120_000, 300.0, 2.0]
    assert values(found, "won_amount", "forecast", "ltv") == [480_000, 200_000, 480_000]
    assert found["spend"]["currency"] == "JPY" and found["roi"]["currency"] is None
    assert found["cpl"]["formula"] == "費用 ÷ 施策で獲得したリード"


def test_the_money_of_the_whole_stage_has_deals_that_no_campaign_reached(sold: QuickWorld) -> None:
    found = show("--period", "2026-11")
    assert values(found, "spend", "revenue", "acquired_leads", "roi") == [120_000, 480_000, 2, 300.0]
    assert values(found, "won_amount", "forecast", "ltv") == [730_000, 200_000, 365_000]


def test_a_period_has_its_own_money_and_the_one_before_stands_beside_it(sold: QuickWorld) -> None:
    sold.now += timedelta(days=10)
    found = show("campaign:autumn", "--period", "2026-12")
    assert values(found, "spend", "acquired_leads", "revenue") == [None, 0, 0]
    assert [found[name]["why"] for name in ("spend", "cpl", "roi", "ltv")] == [
        "no_cost",
        "no_cost",
        "no_cost",
        "no_base",
    ]
    document = report("kpi", "campaign:autumn", "--month", "2026-12", "--language", "en", "--json")
    money = {row["kpi"]: row for row in rows(document, "kpi_money")}
    assert (money["spend"]["previous"], money["CPL"]["previous"]) == (120_000, 60_000), "from October 31 on"


def test_a_report_has_money_with_its_definitions_in_its_language(sold: QuickWorld) -> None:
    document = report("kpi", "campaign:autumn", "--month", "2026-11", "--language", "ja", "--json")
    money = {row["kpi"]: row["value"] for row in rows(document, "kpi_money")}
    assert (money["費用"], money["ROI"], money["CPL"]) == (120_000, 300.0, 60_000)
    formulas = {one["term"]: one["formula"] for one in document["definitions"]}
    assert formulas["ROI"] == "(売上 − 費用) ÷ 費用 × 100" and formulas["受注率"] == "受注 ÷ (受注 + 失注) × 100"
    assert formulas["受注"] is None, "of a plain count"


def test_the_leads_of_a_campaign_are_those_that_its_definition_acquired(sold: QuickWorld) -> None:
    found = show("campaign:autumn", "--period", "2026-11")
    assert values(found, "leads", "won", "conversions") == [2, 1, 2]
    assert values(found, "win_rate") == [100.0]
    assert values(show("campaign:autumn-2026", "--period", "2026-11"), "leads") == [2], "of a utm_campaign: counters"
    assert "roi" not in show("campaign:autumn-2026", "--period", "2026-11")
    days = rows(report("kpi", "campaign:autumn", "--month", "2026-11", "--json"), "days")
    assert sum(row["reached_lead"] for row in days) == 2
    blocks = {block["id"] for block in report("kpi", "campaign:autumn", "--month", "2026-11", "--json")["blocks"]}
    assert blocks == {"headlines", "days", "kpi_funnel", "kpi_money"}, "a campaign has no emails of its own"
    assert verify().differences == []


def test_what_a_campaign_does_not_count_has_no_value_and_is_never_0(sold: QuickWorld) -> None:
    found = show("campaign:autumn", "--period", "2026-11")
    for name in ("sent", "delivered", "open_rate", "sessions", "page_views", "web_bounce_rate", "cvr", "visitors"):
        assert (found[name]["value"], found[name]["why"]) == (None, "no_data"), name
    assert values(found, "mqls", "conversions") == [1, 2]
    assert [values(show(scope), "leads", "sessions") for scope in ("template:welcome", "form:none")] == [
        [None, None],
        [0, 0],
    ]


def test_without_money_a_campaign_has_the_same_leads(sold: QuickWorld) -> None:
    counted, asked = ("campaign:autumn", "--period", "2026-11"), ("leads", "won", "conversions", "sent")
    assert values(show(*counted, "--no-money"), *asked) == values(show(*counted), *asked) == [2, 1, 2, None]
    assert "roi" not in show(*counted, "--no-money")
    month = ("campaign:autumn", "--month", "2026-11", "--language", "en", "--json")
    funnels = [rows(report("kpi", *month, *more), "kpi_funnel") for more in ((), ("--no-money",))]
    assert funnels[0] == funnels[1] and {row["kpi"]: row["value"] for row in funnels[1]}["new leads"] == 2


def test_two_currencies_are_not_added(sold: QuickWorld) -> None:
    lead = sold.join("goro@example.jp", **MARKED)
    sold.now += timedelta(hours=1)
    won(sold, lead, 9_900, "USD")
    found = show("campaign:autumn", "--period", "2026-11")
    for name in ("revenue", "roi", "won_amount", "ltv"):
        assert (found[name]["value"], found[name]["why"]) == (None, "several_currencies")
    assert values(found, "spend", "forecast") == [120_000, 200_000]
    assert "算出不可(通貨が複数)" in report("kpi", "campaign:autumn", "--language", "ja", "--month", "2026-11")


def test_a_target_of_money_has_its_attainment(sold: QuickWorld) -> None:
    targets = [{"kpi": "cpl", "value": 90_000, "at_most": True, "scope": "campaign:autumn", "period": "month"}]
    Definitions().publish("kpis", "default", {"targets": targets}, sold.now)
    sold.now += timedelta(minutes=1)
    found = show("campaign:autumn", "--period", "2026-11")["cpl"]
    assert (found["target"], found["attainment"]) == (90_000, 150.0)


def test_customers_of_one_company_are_one_customer(sold: QuickWorld) -> None:
    """Deals of 400 days ago and of now are of the company of 480,000 yen: its leads share a domain."""
    contact = ((sold.lead_id("jiro@example.jp"), ""),)
    for amount, days in ((100_000, 400), (200_000, 0)):
        at, money = sold.now - timedelta(days=days), Money("JPY", amount)
        entry = DealEntry(("crm", str(amount)), "api", effective_at=at, stage="won", money=money, added=contact)
        record_deal(entry, Deals(), sold.now, sold.app.new_id)
    found = show("--period", "2026-11")
    assert values(found, "won_amount") == [930_000]
    assert values(found, "ltv") == [(480_000 + 300_000 + 250_000) / 2]


def test_a_playbook_without_campaigns_has_deals_and_no_cost(sold: QuickWorld) -> None:
    Definitions().retire("campaign", AUTUMN["id"], sold.now)
    sold.now += timedelta(minutes=1)
    found = show("--period", "2026-11")
    assert [found[name]["why"] for name in ("spend", "cpl", "roi", "ctr")] == [
        "no_cost",
        "no_cost",
        "no_cost",
        "no_data",
    ]
    assert values(found, "revenue", "won_amount") == [0, 730_000]
