"""Lists for operators: times in the time zone of the stage, which is named, and a sentence where there is nothing."""

import json
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate_cli import failed_sends, quarantine, sends
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld

ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    for module in (failed_sends, quarantine, sends):
        monkeypatch.setattr(module, "target", lambda stage: Target("test", "sodate-test", None))
        monkeypatch.setattr(module, "now", lambda where: world.now)
    return world


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("sends", "unknown"), "No send of this month has an unknown outcome."),
        (("sends", "unknown", "--summary"), "No send of this month has an unknown outcome."),
        (("sends", "failed"), "No send of this month has failed"),
        (("quarantine", "list"), "No form post of this month is in quarantine."),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_where_there_is_nothing_a_sentence_says_so(command: tuple[str, ...], sentence: str, stage: QuickWorld) -> None:
    shown = run(*command)
    assert sentence in " ".join(shown.split())
    assert not set(shown) & set("┃│━─")
    assert json.loads(run(*command, "--json")) == []


def test_a_failed_send_is_listed_in_the_time_zone_of_the_stage(stage: QuickWorld) -> None:
    stage.ses.simulator.inject(Fault.MESSAGE_REJECTED)
    assert stage.post({"email": "taro@example.jp", **ANSWERS})["statusCode"] == 201
    stage.settle()
    shown = run("sends", "failed")
    assert "Failed sends (times: Asia/Tokyo)" in shown
    assert {"2026-11-24", "11:00"} <= set(shown.split())
    (row,) = _json("sends", "failed")
    assert row["failed"].startswith("2026-11-24T02:00:0"), "--json stays in UTC"


def test_a_doubtful_post_is_listed_with_its_answers_in_words(stage: QuickWorld) -> None:
    trap = {"email": "taro@example.jp", **ANSWERS, "_website": "http://robot.example"}
    stage.post(trap)
    rows = _json("quarantine", "list")
    shown = run("quarantine", "list")
    assert len(rows) == 1
    assert shown.startswith("Quarantine (times: Asia/Tokyo)")
    assert {"2026-11-24", "11:00", "yes"} <= set(shown.split())
    assert "True" not in shown


def _json(*command: str) -> Any:
    return json.loads(run(*command, "--json"))
