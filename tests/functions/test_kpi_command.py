"""`sodate kpi`: what its commands show, correct and reject."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.dynamodb import kpi_keys
from sodate.kpis import store
from sodate.kpis.contribution import NOW
from sodate.kpis.verify import verify
from sodate.playbook.store import Definitions
from sodate_cli import kpis as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.world import TABLE


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    world.join()
    world.advance(timedelta(days=5))
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["kpi", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_a_month_shows_every_kpi_with_base_interval_robots_and_target(stage: QuickWorld) -> None:
    body = {"targets": [{"kpi": "delivery_rate", "period": "month", "value": 80, "at_most": False, "scope": "all"}]}
    Definitions().publish("kpis", "default", body, stage.now)
    found = run("show", "--period", "2026-11", "--json")
    rows = {row["kpi"]: row for row in found["kpis"]}
    emails = len(stage.mails_to("taro@example.jp")) - 1
    assert rows["sent"]["value"] == emails
    assert (rows["delivery_rate"]["value"], rows["delivery_rate"]["base"]) == (100.0, emails)
    assert (rows["delivery_rate"]["target"], rows["delivery_rate"]["attainment"]) == (80, 125.0)
    assert rows["open_rate"]["robots"] is None
    assert (rows["spend"]["value"], rows["spend"]["currency"]) == (29_000, "JPY"), "182,000 yen in 182 days"
    assert (rows["roi"]["value"], rows["cpl"]["why"], rows["ctr"]["why"]) == (-100.0, "no_base", "no_data")
    assert "roi" not in {row["kpi"] for row in run("show", "--no-money", "--json")["kpis"]}
    assert "roi" not in {row["kpi"] for row in run("show", "form:contact", "--json")["kpis"]}
    assert found["time_zone"] == "Asia/Tokyo"
    text = run("show", "--from", "2026-11-01", "--to", "2026-11-30")
    assert "到達率" in text


def test_a_funnel_counts_leads_by_how_far_they_came(stage: QuickWorld) -> None:
    stages = run("funnel", "form:request-materials", "--period", "2026-Q4", "--json")["stages"]
    assert (stages[0]["stage"], stages[0]["reached"]) == ("lead", 1)
    assert run("funnel", "form:nobody", "--json")["stages"][1] == {
        "stage": "mql", "reached": 0, "rate": None, "lost": 0, "hours": None,
    }  # fmt: skip
    assert "lead" in run("funnel")


def test_stays_that_took_no_time_have_a_mean_of_zero(stage: QuickWorld) -> None:
    store.add("KPITOTAL#form:quick", f"H#{NOW}", {"stays_1": 2}, 1)
    store.add("KPITOTAL#form:quick", f"H#{NOW}", {"stays_2": 2, "stay_minutes_2": 120}, 2)
    phases = run("funnel", "form:quick", "--json")["phases"]
    assert [one["mean_hours"] for one in phases[:3]] == [None, 0.0, 1.0]


def test_verify_finds_what_differs_and_rebuild_corrects_it(stage: QuickWorld) -> None:
    assert run("verify", "--json")["differences"] == []
    stage.table.items.pop(("KPITOTAL#all", next(sk for pk, sk in stage.table.items if pk == "KPITOTAL#all")))
    hour = next(sk for pk, sk in stage.table.items if pk == "KPITOTAL#purpose:transactional" and sk.startswith("H#"))
    store.add("KPITOTAL#purpose:transactional", hour, {"email_sent": 5}, 10_000)
    assert run("verify", "--json", code=1)["differences"]
    assert "Differences" in run("verify", code=1)
    stage.table.items["KPITOTAL#purpose:transactional", hour]["round"] = {"N": "1"}
    assert run("rebuild", "--yes", "--json")["corrected"] > 0
    assert verify().differences == []
    assert run("rebuild", "--yes", "--json")["corrected"] == 0


def test_days_follow_another_time_zone_after_a_rebuild(stage: QuickWorld) -> None:
    definitions = Definitions()
    mailing = definitions.live("mailing").body
    body = {**mailing, "sender": {**mailing["sender"], "time_zone": "America/New_York"}}
    definitions.publish("mailing", "default", body, stage.now)
    before = store.totals_between("all", kpi_keys.DAYS, kpi_keys.DAYS + "~")
    assert verify().differences == []
    run("rebuild", "--yes")
    assert verify().differences == []
    after = store.totals_between("all", kpi_keys.DAYS, kpi_keys.DAYS + "~")
    assert store.load_rounds().zone == "America/New_York"
    assert {day: one for day, one in after.items() if any(one.values())}.keys() != before.keys()
    stage.join("hanako@example.jp")
    stage.advance(timedelta(minutes=10))
    assert verify().differences == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "--period", "2026-13"), "no such month, week or day"),
        (("show", "--period", "２０２６年"), "write a period as"),
        (("show", "--from", "2026-11-01"), "together"),
        (("show", "--from", "x", "--to", "y"), "days of the calendar"),
        (("show", "--from", "2026-11-02", "--to", "2026-11-01"), "1 to 732 days"),
        (("show", "--period", "2026-W54"), "no such month, week or day"),
        (("show", "--language", "fr"), "ja or en"),
    ],
)
def test_bad_input_is_one_line(stage: QuickWorld, arguments: tuple[str, ...], says: str) -> None:
    assert says in run(*arguments, code=1)
