"""`sodate playbook apply` has every lead looked at where segments change, and a broadcast says when it is not done."""

import json
from pathlib import Path
from typing import Any

import pytest
from sodate.authoring import sender_identity
from sodate.playbook.store import Definitions
from sodate.runtime.queues import put_on_queue
from sodate.segments.backfill import why_behind
from sodate_cli import score_job, target
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.test_segments import announced, listed, run_replay
from tests.support.step_mail import step_mail_playbook

MANAGERS = """
  - id: managers
    when: { attribute: primary.title, equals: 部長 }
"""
HOOK = "sales.webhook.url=https://sink.example.jp/hook"
BY_DATE = """\
id: renewal
title: 更新
status: published
topic: product-news
entry:
  - { date: secondary.renewal_date, days: -30, at: "10:00" }
goals: []
exits: []
steps:
  - { id: first, send: materials-2-case-study }
"""


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    where = Target("test", "sodate-test", None)
    monkeypatch.setattr(target, "connect", lambda *_, **__: where)
    monkeypatch.setattr("sodate_cli.operator.person", lambda _: "editor")
    monkeypatch.setattr("sodate_cli.operator.outputs", lambda _: {})
    monkeypatch.setattr(sender_identity, "missing_parts", lambda *_: [])
    monkeypatch.setattr(score_job, "outputs", lambda _: {"ReplayQueueUrl": world.replay_queue})
    monkeypatch.setattr(score_job, "now", lambda _: world.now)
    monkeypatch.setattr(score_job, "put_on_queue", lambda sqs, queue, sent, _: put_on_queue(sqs, queue, sent))
    world.join("taro@example.jp")
    world.join("hanako@example.jp", title="一般")
    playbook = step_mail_playbook(tmp_path)
    with (playbook / "segments.yaml").open("a", encoding="utf-8") as segments:
        segments.write(MANAGERS)
    return playbook


def apply(playbook: Path, *options: str) -> Any:
    done = CliRunner().invoke(app, ["playbook", "apply", str(playbook), "--yes", "--json", "--set", HOOK, *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_new_segment_gets_its_members_and_no_scenario_begins(world: QuickWorld, stage: Path) -> None:
    job = apply(stage)["backfill"]
    assert why_behind(Definitions()) == (
        f"the back-fill of the segments goes on, 0 of 32 parts are done: sodate score status {job}"
    )
    run_replay(world)
    world.settle()
    assert listed("managers") == {world.lead_id("taro@example.jp")}
    assert ("SegmentEntered", "managers") not in announced(world)
    assert why_behind(Definitions()) is None
    assert apply(stage)["backfill"] is None, "nothing has changed"


def test_who_declines_the_backfill_is_told_before_a_broadcast_leaves(world: QuickWorld, stage: Path) -> None:
    apply(stage)
    segments = stage / "segments.yaml"
    segments.write_text(segments.read_text(encoding="utf-8").replace("equals: 部長", "equals: 課長"), encoding="utf-8")
    assert apply(stage, "--no-backfill")["backfill"] is None
    assert why_behind(Definitions()) == (
        "not every lead was looked at for version 3 of the segments: sodate segment backfill"
    )


@pytest.mark.parametrize("queue", [{}, {"ReplayQueueUrl": "https://sqs.ap-northeast-1.amazonaws.com/1/no-such-queue"}])
def test_a_backfill_that_cannot_begin_is_said_and_the_playbook_is_published(
    monkeypatch: pytest.MonkeyPatch, stage: Path, queue: dict[str, str]
) -> None:
    monkeypatch.setattr(score_job, "outputs", lambda _: queue)
    done = CliRunner().invoke(app, ["playbook", "apply", str(stage), "--yes", "--set", HOOK])
    assert done.exit_code == 0, done.output
    assert "published, but no lead is looked at" in " ".join(done.stderr.split())
    assert Definitions().live("segments").version == 2
    assert "sodate segment backfill" in (why_behind(Definitions()) or "")


def test_new_entries_by_date_plan_the_leads_that_have_the_date(world: QuickWorld, stage: Path) -> None:
    apply(stage)
    (stage / "scenarios" / "renewal.yaml").write_text(BY_DATE, encoding="utf-8")
    assert apply(stage)["backfill"] is not None


def test_rules_that_change_meanwhile_ask_for_another_backfill(world: QuickWorld, stage: Path) -> None:
    apply(stage)
    rules = Definitions().live("rules").body
    Definitions().publish("rules", "default", {**rules, "hot": {"threshold": 70, "cool_below": 60}}, world.now)
    run_replay(world)
    assert why_behind(Definitions()) == "the rules changed during the back-fill: sodate segment backfill"


def test_the_first_playbook_of_a_stage_needs_none(
    monkeypatch: pytest.MonkeyPatch, stage: Path, world: QuickWorld
) -> None:
    world.table.items.clear()
    assert apply(stage)["backfill"] is None
    assert why_behind(Definitions()) is None
