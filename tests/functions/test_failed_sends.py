"""Sends that SES rejected: listed, and retried when the cause is corrected. No email is sent twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import table
from sodate.email.ledger.store import find_send, settle
from sodate.email.operator_lists.failed import failed_sends, list_failed, retry_transactional
from sodate.errors import Conflict, NotFound
from sodate.playbook.store import Definitions
from sodate.scenarios.retry_step import retry_step
from sodate_cli import failed_sends as commands
from sodate_cli.sends import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.test_send_protocol import due_step, step_mails, steps
from tests.support.world import TABLE, Json, World

TARO = "taro@example.jp"
ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


def post(world: World, **more: Any) -> int:
    return int(world.post({"email": TARO, **ANSWERS, **more})["statusCode"])


def failed_opt_in(world: World) -> Json:
    world.ses.simulator.inject(Fault.MESSAGE_REJECTED)
    assert post(world) == 201
    world.settle()
    (transactional,) = world.items("send")
    assert transactional["state"] == "failed"
    return transactional


def failed_step(world: World) -> tuple[str, str]:
    """Lead id and send id of a first step mail that SES rejected."""
    records = due_step(world)
    world.ses.simulator.inject(Fault.MESSAGE_REJECTED)
    world.call("email_sender", {"Records": records})
    (send,) = steps(world)
    assert send["state"] == "failed"
    lead, name = send["pk"].removeprefix("LEAD#"), send["sk"].removeprefix("SEND#")
    list_failed(find_send(lead, name), world.now)  # type: ignore[arg-type]
    return lead, name


# -- transactional email -----------------------------------------------------------------------------------------------


def test_a_failed_opt_in_email_is_listed_with_its_reason(world: World) -> None:
    failed_opt_in(world)
    (listed,) = failed_sends(world.now)
    assert listed.name == "opt_in"
    assert listed.reason is not None
    assert listed.reason.startswith("MessageRejected")
    assert failed_sends(world.now + timedelta(days=40)) == []


def test_the_next_post_requests_another_opt_in_email_after_a_failed_one(world: World) -> None:
    failed_opt_in(world)
    world.now += timedelta(minutes=1)
    assert post(world, company="別の会社") == 201
    world.settle()
    assert len(world.mails_to(TARO)) == 1
    world.now += timedelta(minutes=1)
    assert post(world, company="また別の会社") == 201
    world.settle()
    assert len(world.mails_to(TARO)) == 1, "that one was sent, so the wait protects the mailbox again"


def test_the_same_post_within_minutes_sends_the_failed_opt_in_email_and_no_second_one(world: World) -> None:
    failed_opt_in(world)
    world.now += timedelta(minutes=1)
    assert post(world) == 200
    assert failed_sends(world.now) == []
    world.advance(timedelta(minutes=5))
    assert len(world.mails_to(TARO)) == 1
    assert post(world) == 200
    world.advance(timedelta(minutes=5))
    assert len(world.mails_to(TARO)) == 1
    assert world.visit(world.link(world.mails_to(TARO)[0], "/opt-in/"), "POST")["statusCode"] == 200


def test_an_older_failure_does_not_end_the_wait_after_a_newer_email(world: World) -> None:
    transactional = failed_opt_in(world)
    world.now += timedelta(minutes=1)
    post(world, company="別の会社")
    world.settle()
    lead = world.lead_id(TARO)
    asked = world.state(lead)["opt_in_mail_at"]
    list_failed(find_send(lead, transactional["sk"].removeprefix("SEND#")), world.now)  # type: ignore[arg-type]
    assert world.state(lead)["opt_in_mail_at"] == asked


def test_a_transactional_email_is_planned_again_once_and_only_when_it_failed(world: World) -> None:
    transactional = failed_opt_in(world)
    lead, name = world.lead_id(TARO), transactional["sk"].removeprefix("SEND#")
    retry_transactional(lead, name, world.now)
    with pytest.raises(Conflict, match="has not failed"):
        retry_transactional(lead, name, world.now)
    with pytest.raises(NotFound):
        retry_transactional(lead, "no-such", world.now)
    world.advance(timedelta(minutes=5))
    assert len(world.mails_to(TARO)) == 1
    with pytest.raises(Conflict):
        retry_transactional(lead, name, world.now)


def test_a_send_that_an_operator_resolved_as_lost_cannot_be_retried(world: World) -> None:
    transactional = failed_opt_in(world)
    lead, name = world.lead_id(TARO), transactional["sk"].removeprefix("SEND#")
    send = find_send(lead, name)
    assert send is not None
    send.reason = "resolved_by_a_person:lost"
    table.put(send)
    with pytest.raises(Conflict):
        retry_transactional(lead, name, world.now)


# -- step mail ---------------------------------------------------------------------------------------------------------


def test_a_failed_step_mail_is_sent_once_and_the_enrollment_continues(world: World) -> None:
    lead, name = failed_step(world)
    retry_step(Definitions(), lead, name, world.now)
    with pytest.raises(Conflict):
        retry_step(Definitions(), lead, name, world.now)
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["delivered"] * 3
    assert len(step_mails(world)) == len(set(step_mails(world))) == 3


def test_a_step_mail_whose_time_is_over_is_skipped_with_that_reason(world: World) -> None:
    lead, name = failed_step(world)
    world.now += timedelta(days=10)
    retry_step(Definitions(), lead, name, world.now)
    world.advance(timedelta(minutes=10))
    first = steps(world)[0]
    assert (first["state"], first["reason"]) == ("skipped", "expired")
    assert name not in step_mails(world)


def test_a_retry_sends_nothing_to_a_lead_that_opted_out(world: World) -> None:
    lead, name = failed_step(world)
    unsubscribe(OptOut(lead, name, None, "one_click"), world.now)
    with pytest.raises(Conflict, match="blocked:unsubscribed"):
        retry_step(Definitions(), lead, name, world.now)


def test_an_opt_out_between_the_retry_and_its_claim_wins(world: World) -> None:
    lead, name = failed_step(world)
    retry_step(Definitions(), lead, name, world.now)
    unsubscribe(OptOut(lead, name, None, "one_click"), world.now)
    world.advance(timedelta(days=1))
    assert step_mails(world) == []


def test_an_enrollment_that_is_further_on_is_not_moved_back(world: World) -> None:
    lead, name = failed_step(world)
    world.advance(timedelta(days=14))
    assert [send["state"] for send in steps(world)] == ["failed", "delivered", "delivered"]
    with pytest.raises(Conflict, match="a later step"):
        retry_step(Definitions(), lead, name, world.now)


def test_a_late_event_of_the_failed_attempt_takes_it_off_the_list(world: World) -> None:
    lead, name = failed_step(world)
    settle(lead, name, "delivered", world.now)
    assert failed_sends(world.now) == []
    with pytest.raises(Conflict):
        retry_step(Definitions(), lead, name, world.now)


# -- the commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cli(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(commands, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(commands, "now", lambda _: world.now)
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_failed_lists_by_reason_and_retry_plans_what_was_named(cli: World) -> None:
    failed_opt_in(cli)
    failed_step_lead, name = _second_lead_with_a_failed_step(cli)
    rows = run("failed", "--json")
    assert sorted(row["mail"] for row in rows) == ["confirm-materials", "materials-1-first-steps"]
    assert "MessageRejected" in run("failed")
    assert run("failed", "--json", "--reason", "Throttled") == []
    assert run("retry", "--reason", "Throttled", "--json", "--yes") == {"planned": 0, "left": {}}
    assert run("retry", "--from", "2026-11-01", "--json", "--yes") == {"planned": 2, "left": {}}
    cli.advance(timedelta(minutes=10))
    assert run("failed", "--json") == []
    assert name in step_mails(cli)
    assert cli.state(failed_step_lead)["enrollments"]["materials-follow-up"]["step"] == 1


def _second_lead_with_a_failed_step(world: World) -> tuple[str, str]:
    world.join("hanako@example.jp")
    world.ses.simulator.inject(Fault.MESSAGE_REJECTED)
    world.advance(timedelta(days=1))
    send = next(send for send in steps(world) if send["state"] == "failed")
    lead, name = send["pk"].removeprefix("LEAD#"), send["sk"].removeprefix("SEND#")
    list_failed(find_send(lead, name), world.now)  # type: ignore[arg-type]
    return lead, name


def test_a_window_chooses_by_the_time_of_the_failure(cli: World) -> None:
    failed_opt_in(cli)
    at = cli.now.replace(tzinfo=None)
    window = (f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M}", f"{at + timedelta(minutes=2):%Y-%m-%dT%H:%M}")
    assert len(run("failed", "--json", "--from", window[0], "--until", window[1])) == 1
    assert run("failed", "--json", "--until", window[0]) == []
    assert run("failed", "--json", "--from", window[1]) == []


def test_retry_requires_a_selection_and_a_confirmation(cli: World) -> None:
    failed_opt_in(cli)
    assert "which sends?" in run("retry", code=1)
    assert "write it as" in run("retry", "--from", "yesterday", code=1)
    done = CliRunner().invoke(app, ["retry", "--reason", "Message"], input="n\n")
    assert done.exit_code == 1
    assert len(failed_sends(cli.now)) == 1


# -- an erased lead ----------------------------------------------------------------------------------------------------


def test_the_address_of_an_erased_lead_becomes_a_new_lead_with_the_next_post(world: Any) -> None:
    """Regression: erasure kept the owner item of the address, and every later post got 503."""
    erased = world.join(TARO)
    for key in [key for key in world.table.items if key[0] == f"LEAD#{erased}"]:
        del world.table.items[key]
    world.now += timedelta(hours=1)
    assert post(world) == 201
    world.settle()
    fresh = world.lead_id(TARO)
    assert fresh != erased
    assert len(world.mails_to(TARO)) == 2
    assert [item["lead_id"] for item in world.items("owner")] == [fresh]
    assert post(world, company="別の会社") == 201
    assert world.lead_id(TARO) == fresh
