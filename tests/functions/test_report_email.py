"""Reports by email: each to each recipient once per period, whatever is repeated, refused or cut off."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.dynamodb import table
from sodate.email.delivery.ses import SesMailer
from sodate.email.reputation import rate_limiter
from sodate.playbook.store import Definitions
from sodate.reports import store
from sodate.reports.from_counters import build_from_counters
from sodate.reports.send import ReportSender
from sodate.reports.store import DeliveryState
from sodate_cli.main import app
from sodate_cli.reports import emails as command
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.world import TABLE

BOSS, MARKETER = "boss@example.co.jp", "marketing@example.co.jp"
#: A Monday, 08:00 in Japan.
MONDAY = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    return world


def publish(**keys: Any) -> None:
    report = {"id": "weekly", "to": [BOSS, MARKETER], **keys}
    Definitions().publish("reports", "default", {"reports": [report]}, MONDAY - timedelta(days=6))


def emails(stage: QuickWorld) -> list[Any]:
    return [*stage.mails_to(BOSS), *stage.mails_to(MARKETER)]


def test_each_recipient_gets_one_email_a_week_however_often_the_function_runs(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY - timedelta(minutes=1)
    assert stage.call("report_email", {}).get("accepted", 0) == 0, "the Monday before is more than a day ago"
    stage.now = MONDAY + timedelta(minutes=5)
    assert stage.call("report_email", {}) == {"accepted": 2}
    assert stage.call("report_email", {}) == {"before": 2}
    stage.now = MONDAY + timedelta(days=7)
    assert stage.call("report_email", {}) == {"accepted": 2}
    assert len(emails(stage)) == 4


def test_the_email_is_about_the_week_before_in_two_parts_and_without_a_script(stage: QuickWorld) -> None:
    publish(title="週次レポート")
    stage.now = MONDAY
    stage.call("report_email", {})
    (mail,) = stage.mails_to(BOSS)
    assert mail.subject == "週次レポート 2026-11-23 – 2026-11-29"
    assert "KPIレポート" in mail.html and "ファネル" in mail.html and "<table" in mail.html
    assert "<script" not in mail.html and "<svg" not in mail.html
    assert "KPIレポート" in mail.text and "算出不可" in mail.text


def test_an_outage_of_a_day_delays_a_report_and_a_longer_one_drops_it(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY + timedelta(hours=23)
    assert stage.call("report_email", {}) == {"accepted": 2}
    stage.now = MONDAY + timedelta(days=8, minutes=1)
    assert stage.call("report_email", {}) == {}


def test_a_stopped_circuit_breaker_defers_a_report_and_the_next_run_sends_it(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY
    rate_limiter.open_breaker("account_suspended")
    assert stage.call("report_email", {}) == {"deferred": 2}
    assert emails(stage) == []
    rate_limiter.close_breaker()
    stage.now += timedelta(minutes=15)
    assert stage.call("report_email", {}) == {"accepted": 2}


def test_a_crash_after_the_claim_sends_nothing_twice_and_is_listed(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY

    class Crashing:
        def send_email(self, **_: Any) -> Any:
            raise KeyboardInterrupt

        send_bulk_email = send_email

    sender = ReportSender(
        Definitions(), SesMailer(Crashing, "set"), build_from_counters, "test", lambda: stage.now, lambda _: None
    )
    with pytest.raises(KeyboardInterrupt):
        sender.send_due(lambda _: "")
    assert stage.call("report_email", {}) == {"before": 1, "accepted": 1}
    states = {one.recipient: one.state for one in store.deliveries("weekly")}
    assert states[store.recipient_key(BOSS)] is DeliveryState.SENDING
    assert stage.mails_to(BOSS) == []


def test_of_two_runs_at_the_same_time_one_wins_the_claim(stage: QuickWorld) -> None:
    assert store.claim("weekly", "2026-11-23", BOSS, MONDAY)
    assert not store.claim("weekly", "2026-11-23", BOSS, MONDAY)
    store.settle("weekly", "2026-11-23", BOSS, (DeliveryState.UNKNOWN, None), MONDAY)
    assert not store.claim("weekly", "2026-11-23", BOSS, MONDAY)
    store.settle("weekly", "2026-11-23", BOSS, (DeliveryState.DEFERRED, "no_slot"), MONDAY)
    assert store.claim("weekly", "2026-11-23", BOSS, MONDAY)


def test_a_report_that_cannot_be_composed_leaves_later(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY

    def fails(*_: Any) -> Any:
        raise RuntimeError("the table is gone")

    mailer = SesMailer(lambda: pytest.fail("nothing to send"), "set")
    sender = ReportSender(Definitions(), mailer, fails, "test", lambda: stage.now, lambda _: None)
    with pytest.raises(RuntimeError):
        sender.send_due(lambda _: "")
    assert stage.call("report_email", {}) == {"accepted": 2}


def test_no_address_is_stored_with_a_delivery(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY
    stage.call("report_email", {})
    items = [row for row in table.scan_rows(None) if row["kind"]["S"] == "reportdelivery"]
    assert len(items) == 2
    assert "example.co.jp" not in json.dumps(items)


def test_events_of_a_report_change_nothing(stage: QuickWorld) -> None:
    publish()
    stage.now = MONDAY
    stage.call("report_email", {})
    before = stage.items()
    (mail,) = stage.mails_to(BOSS)
    stage.ses.simulator.open(mail.message_id)
    stage.ses.simulator.complain(mail.message_id)
    stage.settle()
    kinds = {str(item.get("kind")) for item in stage.items()} - {str(item.get("kind")) for item in before}
    assert not kinds & {"activity", "send", "suppression", "rate"}


def test_without_reports_yaml_nothing_is_done(stage: QuickWorld) -> None:
    assert stage.call("report_email", {}) == {}


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["report", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_the_plan_and_the_deliveries_are_shown_with_addresses_of_the_playbook(stage: QuickWorld) -> None:
    assert "no reports" in run("deliveries", "weekly", code=4)
    publish(every="month", day=1, at="07:30")
    (plan,) = run("send", "--json")
    assert plan["when"] == "monthly on day 1 at 07:30" and plan["to"] == [BOSS, MARKETER]
    stage.now = datetime(2026, 11, 30, 22, 31, tzinfo=UTC)
    stage.call("report_email", {})
    rows = run("deliveries", "--json")
    assert {(row["recipient"], row["period_from"], row["state"]) for row in rows} == {
        (BOSS, "2026-11-01", "accepted"),
        (MARKETER, "2026-11-01", "accepted"),
    }
    assert "known: weekly" in run("deliveries", "monthly", code=4)


@pytest.fixture
def by_hand(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    def sender(_: Target) -> ReportSender:
        mailer = SesMailer(lambda: stage.ses, "sodate-test")
        return ReportSender(Definitions(), mailer, build_from_counters, "test", lambda: stage.now, lambda _: None)

    monkeypatch.setattr(command, "sender_of", sender)
    yield stage


def test_a_report_by_hand_reaches_any_address_and_the_schedule_goes_on(by_hand: QuickWorld) -> None:
    publish()
    by_hand.now = MONDAY
    answers = run("send", "weekly", "--now", "--to", "me@example.co.jp", "--json")
    assert [(one["address"], one["answer"]) for one in answers] == [("me@example.co.jp", "accepted")]
    assert by_hand.call("report_email", {}) == {"accepted": 2}


def test_the_example_playbook_of_the_docs_is_right(tmp_path: Path) -> None:
    from sodate.email.report_schedule import ReportsFile

    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    import yaml

    example = page.partition("```yaml")[2].partition("```")[0]
    ReportsFile.model_validate(yaml.safe_load(example))
