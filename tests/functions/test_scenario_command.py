"""`sodate scenario`: what its commands show, change and reject."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.leads.store import load_state
from sodate_cli import scenarios as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SEND, publish, templates
from tests.support.world import TABLE

MANUAL = [{"manual": True, "when": {"attribute": "primary.title", "equals": "部長"}}]
TARO = "taro@example.jp"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as world:
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: world.now)
        monkeypatch.setattr(command, "find_lead", lambda email, _: world.lead_id(email))
        publish(world, SEND, entry=MANUAL)
        publish(world, SEND, id="seminar", key="seminar", entry=[{"manual": True}])
        publish(world, SEND, id="kept-back", entry=[{"manual": True}], status="draft")
        world.join()
        yield world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["scenario", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def test_every_scenario_and_sequence_is_listed_and_one_is_drawn(stage: QuickWorld) -> None:
    listed = {row["id"]: (row["status"], row["steps"]) for row in run("list", "--json")}
    assert listed["nurture"] == ("published", 1) and listed["kept-back"] == ("draft", 1)
    assert listed["materials-follow-up"] == ("published", 3)
    assert run("show", "nurture") == f"nurture v1 first send {FIRST}"
    assert "no live sequence named 'nope'" in run("show", "nope", code=4)


def test_a_lead_is_put_in_once_and_taken_out(stage: QuickWorld) -> None:
    lead = stage.lead_id(TARO)
    assert f"{TARO} is in nurture now" in run("enroll", "nurture", TARO)
    assert "`re_entry` is `never`" in run("enroll", "nurture", TARO, code=1)
    assert f"{TARO} left nurture" in run("leave", "nurture", TARO)
    assert load_state(lead).enrollments["nurture"].ended == "left"
    stage.advance(timedelta(hours=2))
    assert templates(stage) == []
    assert "the lead is not in nurture" in run("leave", "nurture", TARO, code=4)


def test_a_sequence_can_be_left_too(stage: QuickWorld) -> None:
    assert f"{TARO} left materials-follow-up" in run("leave", "materials-follow-up", TARO)
    stage.advance(timedelta(days=20))
    assert templates(stage) == []


def test_a_scenario_with_a_key_asks_for_its_value(stage: QuickWorld) -> None:
    assert "give --key, the seminar" in run("enroll", "seminar", TARO, code=1)
    run("enroll", "seminar", TARO, "--key", "spring")
    run("enroll", "seminar", TARO, "--key", "autumn")
    names = [name for name in load_state(stage.lead_id(TARO)).enrollments if name.startswith("seminar")]
    assert sorted(names) == ["seminar#autumn", "seminar#spring"]
    left = run("leave", "seminar", TARO)
    assert "seminar#autumn" in left and "seminar#spring" in left


def test_who_may_not_enter_is_told_why(stage: QuickWorld) -> None:
    stage.join("jiro@example.jp", title="課長")
    assert "`when`" in run("enroll", "nurture", "jiro@example.jp", code=1)
    assert "nobody enters" in run("enroll", "kept-back", TARO, code=1)
    assert "no entry `manual: true`" in run("enroll", "materials-follow-up", TARO, code=1)
    assert "has no key" in run("enroll", "nurture", TARO, "--key", "x", code=1)
