"""`sodate lead unblock|enroll|leave`: an address, a scenario, one line of what happened, and errors of one line."""

import json
from typing import Any

import pytest
from sodate_cli import lead_contact
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner, Result

from tests.functions.quick import QuickWorld
from tests.functions.test_scenarios import SEND, publish


@pytest.fixture
def lead(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> str:
    publish(world, SEND, entry=[{"manual": True}])
    lead_id = world.join("taro@example.jp")
    world.settle()
    monkeypatch.setattr(lead_contact, "target", lambda stage: Target("local", "sodate-test", None))
    monkeypatch.setattr(lead_contact, "find_lead", lambda email, where: world.lead_id(email))
    monkeypatch.setattr(lead_contact, "now", lambda where: world.now)
    return lead_id


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["lead", *arguments])


def running(world: QuickWorld, lead_id: str) -> set[str]:
    enrollments: dict[str, Any] = world.state(lead_id).get("enrollments", {})
    return {name for name, one in enrollments.items() if one["step"] < one["n"]}


def test_a_lead_leaves_a_sequence_and_is_put_into_a_scenario(world: QuickWorld, lead: str) -> None:
    (before,) = running(world, lead)
    left = run("leave", "taro@example.jp", before, "--json")
    assert (left.exit_code, json.loads(left.stdout)["left"]) == (0, [before])
    assert running(world, lead) == set()
    done = run("enroll", "taro@example.jp", "nurture")
    assert done.exit_code == 0, done.output
    assert running(world, lead) == {"nurture"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("unblock", "taro@example.jp", "--because", "by phone on Monday"), 1, "the lead is not blocked"),
        (("unblock", "taro@example.jp"), 2, "--because"),
        (("enroll", "taro@example.jp", "nothing"), 4, "nothing"),
        (("leave", "taro@example.jp", "welcome"), 4, "the lead is not in welcome"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(lead: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, "Traceback" in done.output) == (code, False)
    assert said in done.output
