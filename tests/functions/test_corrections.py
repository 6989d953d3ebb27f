"""Corrections of a score: activities, whose effect is seen at once and can be taken back."""

import json
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate_cli import corrections, leads
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld

PRICING = "https://www.example.jp/pricing"


@pytest.fixture
def taro(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> str:
    lead = world.join("taro@example.jp")
    for room in (corrections, leads):
        monkeypatch.setattr(room, "target", lambda stage: Target("test", "sodate-test", None))
        monkeypatch.setattr(room, "find_lead", lambda email, where: world.lead_id(email))
    monkeypatch.setattr(corrections, "now", lambda where: world.now)
    monkeypatch.setattr(leads, "now", lambda where: world.now)
    for number in range(2):
        table.put(activity_item(Activity(lead, "mail_clicked", world.now, f"{number:016x}", {"link": PRICING})))
    world.settle()
    return lead


def run(world: QuickWorld, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["lead", *arguments])
    assert done.exit_code == code, done.output
    world.settle()
    return json.loads(done.stdout) if "--json" in arguments else done.output


def test_a_robots_click_is_taken_out_and_brought_back(world: QuickWorld, taro: str) -> None:
    before = int(world.score(taro)["total"])
    why = run(world, "explain", "taro@example.jp", "--json")
    clicks = [part for line in why["score"] for part in line["parts"] if part["activity"] == "mail_clicked"]
    assert sum(line["points"] for line in why["score"]) == before == why["state"]["total"]
    key = clicks[0]["key"]
    run(world, "judge", "taro@example.jp", "--activity", key, "--as", "robot")
    assert int(world.score(taro)["total"]) == before - 20
    world.now = world.now.replace(minute=30)
    run(world, "judge", "taro@example.jp", "--activity", key, "--as", "human")
    assert int(world.score(taro)["total"]) == before


def test_points_are_given_with_a_reason_and_shown(world: QuickWorld, taro: str) -> None:
    before = int(world.score(taro)["total"])
    run(world, "adjust", "taro@example.jp", "--points", "-7", "--because", "a competitor")
    assert int(world.score(taro)["total"]) == before - 7
    why = run(world, "explain", "taro@example.jp", "--json")
    assert [line["points"] for line in why["score"] if line["reason"] == "adjusted"] == [-7]
    assert "competitor" in json.dumps(run(world, "timeline", "taro@example.jp", "--json"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("judge", "taro@example.jp", "--activity", "none", "--as", "robot"), 4, "has no activity none"),
        (("judge", "taro@example.jp", "--activity", "none", "--as", "cat"), 2, "robot"),
        (("adjust", "taro@example.jp", "--points", "0", "--because", "x"), 1, "must not be 0"),
        (("adjust", "taro@example.jp", "--points", "5", "--because", " "), 1, "must say something"),
        (("adjust", "taro@example.jp", "--points", "5000", "--because", "x"), 2, "1000"),
    ],
)
def test_what_makes_no_sense_is_refused(
    world: QuickWorld, taro: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = world.score(taro)
    assert message in " ".join(run(world, *arguments, code=code).split())
    assert world.score(taro) == before
