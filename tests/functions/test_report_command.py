"""`sodate report …` on a stage: what each report counts, in every form, and what it says to bad input."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.activities.catalog import ActivityVerdict
from sodate.activities.store import activities_of
from sodate.email.ledger.store import sends_of
from sodate.playbook.store import Definitions
from sodate.scoring.correct import judge
from sodate_cli.main import app
from sodate_cli.reports import commands as command
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.world import TABLE


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    return world


@pytest.fixture
def hot_lead(stage: QuickWorld) -> str:
    """A lead that confirmed, got three emails, opened all, clicked the last one, and is told to sales."""
    lead = stage.join("taro@example.jp")
    stage.advance(timedelta(days=14))
    mails = stage.mails_to("taro@example.jp")[1:]
    for mail in mails:
        stage.ses.simulator.open(mail.message_id)
    for _ in range(2):
        stage.now += timedelta(minutes=3)
        stage.ses.simulator.click(mails[-1].message_id, stage.link(mails[-1], "/pricing"))
    stage.settle()
    return lead


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["report", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else done.output


def rows(document: dict[str, Any], block_id: str) -> list[dict[str, Any]]:
    block = next(one for one in document["blocks"] if one["id"] == block_id)
    return [
        {name: cell["value"] if isinstance(cell, dict) else cell for name, cell in row.items()} for row in block["rows"]
    ]


def test_sales_counts_signals_by_owner_and_says_what_is_not_defined_yet(stage: QuickWorld, hot_lead: str) -> None:
    document = run("sales", "--language", "en", "--json")
    (owner,) = rows(document, "owners")
    assert (owner["signals"], owner["answered"], owner["accepted"]) == (1, 0.0, 0)
    assert owner["acceptance"] is None and owner["hours_to_answer"] is None
    tiles = {row["figure"]: row["value"] for row in rows(document, "sales_tiles")}
    assert tiles["Signals"] == 1 and tiles["Win rate"] is None
    assert "算出不可" in run("sales", "--language", "ja")


def test_a_signal_before_the_period_is_not_in_it(stage: QuickWorld, hot_lead: str) -> None:
    day = (stage.now + timedelta(days=1)).date().isoformat()
    document = run("sales", "--from", day, "--to", day, "--json")
    assert rows(document, "owners") == []


def test_a_scenario_shows_who_began_and_its_steps(stage: QuickWorld, hot_lead: str) -> None:
    document = run("scenario", "--json")
    began = {row["scenario"]: row for row in rows(document, "scenarios")}
    entered = [name for name, row in began.items() if row["entered_scenario"]]
    assert entered
    one = run("scenario", entered[0], "--json")
    assert one["subject"] == entered[0] and rows(one, "steps")


def test_the_journey_map_counts_leads_once_and_leaves_robots_out(stage: QuickWorld) -> None:
    leads = [stage.join(f"lead{number}@example.jp") for number in range(6)]
    stage.settle()
    document = run("journey", "--language", "en", "--json")
    (asked, *_) = rows(document, "journey_asked")
    assert asked["leads"] == 6 and asked["share_of_group"] == 100.0
    forms = [one for one in activities_of(leads[0]) if one.type == "form_submitted"]
    judge(leads[0], forms[0].key, ActivityVerdict.ROBOT, stage.now)
    stage.settle()
    (asked, *_) = rows(run("journey", "--json"), "journey_asked")
    assert asked["leads"] == 5
    judge(leads[1], next(one for one in activities_of(leads[1]) if one.type == "form_submitted").key,
          ActivityVerdict.ROBOT, stage.now)  # fmt: skip
    stage.settle()
    assert rows(run("journey", "--json"), "journey_asked") == [], "fewer than five leads are not shown"


def test_segments_have_their_members_now_and_who_entered(stage: QuickWorld, hot_lead: str) -> None:
    document = run("segment", "--json")
    found = {row["segment"]: row for row in rows(document, "segments")}
    assert found
    assert max(row["members"] for row in found.values()) == 1
    assert "there is no segment" in run("segment", "nothing-here", code=4)


def test_one_template_by_version_and_link(stage: QuickWorld, hot_lead: str) -> None:
    (template,) = {send.template for send in sends_of(hot_lead) if send.template and send.step == 2}
    document = run("template", str(template), "--json")
    (version,) = rows(document, "email_counts")
    assert version["version"] == "v1" and version["sent"] == 1


def test_experiments_without_one_say_so(stage: QuickWorld) -> None:
    assert run("experiment", "--json")["blocks"] == []


def test_csv_begins_with_a_byte_order_mark_and_a_page_is_written(
    stage: QuickWorld, hot_lead: str, tmp_path: Path
) -> None:
    text = run("sales", "--csv")
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text)))
    file = tmp_path / "deep" / "sales.html"
    run("sales", "--html", str(file))
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--month", "2026-13"), "write it as 2026-11"),
        (("--month", "２０２６－１１"), "write it as 2026-11"),
        (("--quarter", "2026-Q5"), "write it as 2026-Q4"),
        (("--from", "yesterday"), "write a day as"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "is after"),
        (("--from", "1999-01-01"), "write a day as"),
        (("--from", "2020-01-01", "--to", "2026-01-01"), "at most"),
        (("--month", "2026-11", "--quarter", "2026-Q4"), "give one period"),
        (("--csv", "--json"), "give one of"),
        (("--language", "fr"), "no language 'fr'"),
    ],
)
def test_bad_options_are_one_line(stage: QuickWorld, arguments: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(app, ["report", "sales", *arguments])
    assert done.exit_code in (1, 2, 4) and says in " ".join(done.output.split())
    assert "Traceback" not in done.output


# -- from counters -----------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(stage: QuickWorld, hot_lead: str) -> QuickWorld:
    for _ in range(3):
        stage.advance(timedelta(minutes=5))
        stage.call("kpi_rollup", {})
    return stage


def test_kpis_of_a_period_come_from_counters_with_what_they_are_made_of(counted: QuickWorld) -> None:
    document = run("kpi", "--language", "en", "--json")
    found = {row["kpi"]: row for row in rows(document, "kpi_email")}
    assert (found["sent"]["value"], found["delivery rate"]["value"]) == (3, 100.0)
    assert found["delivery rate"]["made_of"] == "3 / 3"
    assert sum(row["email_sent"] for row in rows(document, "days")) == 3
    funnel = {row["kpi"]: row["value"] for row in rows(document, "kpi_funnel")}
    assert funnel["new leads"] == 1 and funnel["MQLs"] == 1
    money = {row["kpi"]: row["value"] for row in rows(document, "kpi_money")}
    assert money["CPL"] is None and money["amount won"] == 0
    assert "kpi_money" not in {block["id"] for block in run("kpi", "--no-money", "--json")["blocks"]}
    assert {one["term"] for one in document["definitions"]} >= {"open rate", "MQLs"}


def test_the_funnel_and_the_cohorts_are_about_the_leads_that_came(counted: QuickWorld) -> None:
    document = run("funnel", "--language", "en", "--json")
    found = {row["stage"]: row["reached"] for row in rows(document, "funnel")}
    assert (found["Leads"], found["MQL"], found["Won"]) == (1, 1, 0)
    forms = rows(document, "funnel_form")
    assert [(row["lead"], row["mql"]) for row in forms] == [(1, 1)]
    months = rows(run("cohort", "--json"), "cohorts")
    assert len(months) == 12 and [row["leads"] for row in months][-1] + months[-2]["leads"] == 1


def test_where_leads_left_is_asked_for_apart(counted: QuickWorld) -> None:
    counted.now += timedelta(days=15)
    (point,) = rows(run("funnel", "--leaving", "--language", "en", "--json"), "leaving")
    assert point["leads"] == 1 and point["touchpoint"].startswith("clicked a link")


def test_the_emails_of_a_scenario_stand_by_step_with_robots_beside(counted: QuickWorld) -> None:
    (sequence,) = {
        send.sequence.partition("#")[0] for send in sends_of(counted.lead_id("taro@example.jp")) if send.sequence
    }
    everything = {row["scenario"]: row for row in rows(run("scenario", "--json"), "email_counts")}
    assert (everything[sequence]["sent"], everything[sequence]["clicked"]) == (3, 1)
    document = run("scenario", sequence, "--json")
    steps = [row["step"] for row in rows(document, "steps")]
    found = {row["step"]: (row["sent"], row["clicked"]) for row in rows(document, "email_counts")}
    assert list(found) == [step for step in steps if step in found], "in the order of the steps, by their id"
    assert list(found.values())[:3] == [(1, 0), (1, 0), (1, 1)]
    assert "robot_clicks" in rows(document, "email_rates")[0]


def test_a_step_of_an_older_version_keeps_its_emails(counted: QuickWorld) -> None:
    (sequence,) = {
        send.sequence.partition("#")[0] for send in sends_of(counted.lead_id("taro@example.jp")) if send.sequence
    }
    definitions = Definitions()
    body = definitions.live("sequence", sequence).body
    first, second, *others = body["steps"]
    definitions.publish("sequence", sequence, {**body, "steps": [second, *others]}, counted.now)
    counted.now += timedelta(minutes=1)
    found = {row["step"]: row["sent"] for row in rows(run("scenario", sequence, "--json"), "email_counts")}
    assert (found[first["id"]], found[second["id"]]) == (1, 1)
    assert list(found)[-1] == first["id"], "a step that the live version does not have stands at the end"


def test_every_template_that_was_sent_has_a_row(counted: QuickWorld) -> None:
    found = rows(run("template", "--json"), "email_counts")
    assert len(found) == 4, "three emails and the confirmation"
    assert all(row["sent"] == row["delivered"] == 1 for row in found)


def test_a_scope_without_figures_is_a_report_of_zeros(counted: QuickWorld) -> None:
    document = run("kpi", "template:nothing", "--json")
    assert document["subject"] == "template:nothing"
    assert rows(document, "kpi_email")[0]["value"] == 0
    assert "算出不可" in run("kpi", "template:nothing", "--language", "ja")


def test_campaigns_without_one_say_so_and_an_unknown_one_is_named(counted: QuickWorld) -> None:
    run("campaign", "--json")
    assert "nothing-here" in run("campaign", "nothing-here", code=4)
