"""`sodate broadcast`: what its commands show, change and reject."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.playbook.store import Definitions
from sodate_cli import broadcasts as command
from sodate_cli.main import app
from sodate_cli.output import NOT_FOUND
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.support.broadcasting import add_member, publish, publish_approved, send_tests_to
from tests.support.world import TABLE

TOPIC = "product-news"


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
    monkeypatch.setattr(command, "now", lambda _: world.now)
    monkeypatch.setattr(command, "person", lambda _: "approver")
    monkeypatch.setattr(command, "find_lead", lambda email, _: world.lead_id(email))
    send_tests_to(world, monkeypatch)
    for name in ("taro", "hanako"):
        add_member(name, topic=TOPIC)
    add_member("pending", topic=TOPIC, topics={TOPIC: "pending"})
    add_member("partner", topic=TOPIC, segments=("readers", "partners"))
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["broadcast", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_an_estimate_says_who_gets_it_and_why_others_do_not(stage: QuickWorld) -> None:
    publish(stage.now, TOPIC)
    found = run("estimate", "monthly", "--sample", "1", "--json")
    assert (found["members"], found["recipients"]) == (4, 2)
    assert found["left_out"] == {"consent:pending": 1, "excluded:partners": 1}
    assert found["instants"] == {"2026-11-24T05:00:00+00:00": 2}
    assert len(found["sample"]) == 1
    assert "excluded:partners 1" in run("estimate", "monthly")


def test_a_broadcast_is_approved_shown_paused_resumed_and_cancelled(stage: QuickWorld) -> None:
    publish(stage.now, TOPIC)
    assert run("list", "--json") == [
        {"id": "monthly", "title": "", "status": "released", "run": None, "state": "not approved", "emails": 0}
    ]
    assert "approved: version 1, next run 20261124T1400" in run("approve", "monthly")
    assert "paused (planned)" in run("pause", "monthly")
    assert "planned; no email yet" in run("resume", "monthly")
    assert run("cancel", "monthly", "--yes", "--json")["state"] == "cancelled"
    shown = run("show", "monthly", "--json")
    assert shown["approval"]["approved_by"] == "approver"
    assert [(one["run"], one["state"], one["emails"]) for one in shown["runs"]] == [("20261124T1400", "cancelled", 0)]
    assert "by_an_operator" in run("show", "monthly")
    assert "has no run that is planned or sending" in run("pause", "monthly", code=NOT_FOUND)


def test_who_applied_it_cannot_approve_it_and_as_is_for_the_local_stage(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(stage.now, TOPIC)
    assert "--as is for the local stage" in run("approve", "monthly", "--as", "boss", code=1)
    monkeypatch.setattr(command, "person", lambda _: "editor")
    assert "editor applied" in run("approve", "monthly", code=1)
    monkeypatch.setattr(command, "person", lambda _: None)
    assert "AWS does not say who you are" in run("approve", "monthly", code=1)


def test_a_test_send_goes_to_seed_contacts_and_is_counted_nowhere(stage: QuickWorld) -> None:
    publish(stage.now, TOPIC)
    assert "seed_contacts" in run("test", "monthly", code=1)
    definitions = Definitions()
    mailing = {**definitions.live("mailing").body, "seed_contacts": ["taro@example.jp"]}
    definitions.publish("mailing", "default", mailing, stage.now)
    stage.settle()
    before = {item["pk"] + item["sk"]: item for item in stage.items()}
    assert run("test", "monthly", "--json")[0]["answer"] == "accepted"
    stage.now += timedelta(seconds=1)
    run("test", "monthly", "--to", "seed@example.jp", "--like", "taro@example.jp")
    first, second = (stage.mails_to(address)[-1] for address in ("taro@example.jp", "seed@example.jp"))
    assert first.subject == "[TEST] News for you"
    stage.ses.simulator.click(first.message_id, stage.unsubscribe_url(first))
    stage.ses.simulator.complain(second.message_id)
    assert stage.visit(stage.unsubscribe_url(first), "POST")["statusCode"] >= 400
    stage.settle()
    after = {item["pk"] + item["sk"]: item for item in stage.items()}
    # `coverage` counts reports that arrive, of any email.
    changed = {key for key in after if after[key] != before.get(key)}
    assert {after[key]["kind"] for key in changed} == {"broadcasttest", "rate_limiter", "coverage"}
    assert len(run("show", "monthly", "--json")["tests"]) == 2


def test_the_counts_of_a_run_that_was_sent(stage: QuickWorld) -> None:
    publish_approved(stage.now, TOPIC)
    stage.advance(timedelta(hours=4))
    (sent,) = run("show", "monthly", "--json")["runs"]
    assert (sent["state"], sent["emails"]) == ("done", 3)
    assert sent["outcomes"] == {"delivered": 2, "skipped": 1}
    assert sent["reasons"] == {"consent": 1}


def test_a_test_send_has_every_variant_of_an_experiment(stage: QuickWorld) -> None:
    variants = [{"id": "plain"}, {"id": "named", "subject": "Short", "sender_name": "Taro of Norte"}]
    experiment = {
        "variants": variants, "default": "plain", "sample": 20, "metric": "click", "decide_after_hours": 2,
    }  # fmt: skip
    publish(stage.now, TOPIC, experiment=experiment)
    assert len(run("test", "monthly", "--to", "me@example.jp", "--json")) == 2
    plain, named = stage.ses.simulator.messages[-2:]
    assert plain.subject.startswith("[TEST plain] News for")
    assert named.subject == "[TEST named] Short"
    assert named.source.startswith('"Taro of Norte" <')
    assert not plain.source.startswith('"Taro')
