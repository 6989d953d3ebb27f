"""`sodate score replay --write --on-aws` and `sodate score status`: what they start, show and reject."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from sodate.playbook.store import Definitions
from sodate.scoring import replay_job
from sodate_cli import score, score_job
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.test_score_replay import COLD, deliver, messages
from tests.support.world import TABLE


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    stage_target = Target("test", TABLE, None)
    monkeypatch.setattr(score, "target", lambda _: stage_target)
    monkeypatch.setattr(score_job, "now", lambda _: world.now)
    monkeypatch.setattr(score_job, "outputs", lambda _: {"ReplayQueueUrl": world.replay_queue})
    world.join("taro@example.jp")
    world.join("hanako@example.jp")
    Definitions().publish("rules", "default", COLD, world.now)
    world.now += timedelta(minutes=1)
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["score", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments and done.stdout else " ".join(done.output.split())


def test_a_replay_is_begun_watched_and_asked_for(stage: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: float) -> None:
        assert deliver(stage, next(messages(stage)))

    monkeypatch.setattr(score_job.time, "sleep", work)
    figures = run("replay", "--write", "--on-aws", "--segments", "3", "--wait", "--json")
    assert (figures["segments"], figures["done"], figures["running"]) == (3, 3, 0)
    assert (figures["leads"], figures["changed"], figures["tell"]) == (2, 2, False)
    assert run("status", figures["job"], "--json") == figures
    assert figures["job"] in run("status", figures["job"])


def test_without_wait_it_says_how_to_ask(stage: QuickWorld) -> None:
    text = run("replay", "--write", "--on-aws", "--tell")
    assert "sodate score status" in text
    assert len(list(messages(stage))) == 32


def test_rules_of_this_very_minute_wait_until_every_function_knows_them(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays = list[int]()
    monkeypatch.setattr(score_job, "put_on_queue", lambda sqs, queue, sent, delay: delays.append(delay))
    run("replay", "--write", "--on-aws")
    Definitions().publish("rules", "default", {**COLD, "hot": {"threshold": 70, "cool_below": 60}}, stage.now)
    run("replay", "--write", "--on-aws")
    assert delays == [0, 30]


def test_a_replay_whose_rules_are_gone_ends_with_an_error(stage: QuickWorld) -> None:
    job = run("replay", "--write", "--on-aws", "--segments", "1", "--json")["job"]
    Definitions().publish("rules", "default", {**COLD, "hot": {"threshold": 70, "cool_below": 60}}, stage.now)
    assert all(deliver(stage, body) for body in messages(stage))
    assert "replay again" in run("status", job, code=1)


def test_a_replay_that_does_not_move_is_not_watched_forever(stage: QuickWorld) -> None:
    job = run("replay", "--write", "--on-aws", "--segments", "1", "--json")["job"]
    passed = iter(range(0, 100_000, 60))
    with pytest.raises(Exception, match="sodate dlq list"):
        score_job.wait(job, sleep=lambda _: None, timer=lambda: float(next(passed)))
    assert replay_job.status(job)["running"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--on-aws",),
        ("--wait",),
        ("--write", "--wait"),
        ("--write", "--on-aws", "--as-of", "2026-10-01"),
        ("--write", "--on-aws", "--rules", "1"),
        ("--write", "--on-aws", "--checkpoint", "x.json"),
    ],
)
def test_options_that_do_not_go_together_are_rejected(stage: QuickWorld, arguments: tuple[str, ...]) -> None:
    assert "--on-aws needs --write" in run("replay", *arguments, code=1)


def test_wrong_numbers_unknown_jobs_and_old_stages_are_named(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for segments in ("0", "257", "-1"):
        assert "1 to 256" in run("replay", "--write", "--on-aws", "--segments", segments, code=1)
    assert "no replay" in run("status", "NOBODY", code=4)
    monkeypatch.setattr(score_job, "outputs", lambda _: {})
    assert "deploy it again" in run("replay", "--write", "--on-aws", code=1)
    client = boto3.client("sqs")
    assert "Messages" not in client.receive_message(QueueUrl=stage.replay_queue)
