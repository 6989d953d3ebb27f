"""`sodate sends unknown` and `sends resolve` in bulk: the evidence first, then a record on each send."""

import json
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.email.operator_lists.unknown import unknown_sends
from sodate_cli import sends as commands
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.test_send_protocol import due_step, step_mails, steps


@pytest.fixture
def lost(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    """One step mail without an answer, and no reports of SES at all."""
    monkeypatch.setattr(commands, "target", lambda stage: None)
    monkeypatch.setattr(commands, "now", lambda where: world.now)
    records = due_step(world)
    world.ses.simulator.inject(Fault.TIMEOUT)
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.call("email_sender", {"Records": records})
    world.advance(timedelta(hours=12))
    assert len(unknown_sends(world.now)) == 1
    return world


def run(*arguments: str) -> Any:
    return CliRunner().invoke(commands.app, list(arguments))


WINDOW = ("--from", "2026-01-01T00:00", "--until", "2027-01-01T00:00")


def test_the_summary_counts_by_hour_and_reason(lost: QuickWorld) -> None:
    (row,) = json.loads(run("unknown", "--summary", "--json").stdout)
    assert row["sends"] == 1
    assert row["reason"].startswith("no_answer_and_no_event:")
    assert row["sequence"] == "materials-follow-up"


def test_send_again_shows_the_evidence_and_attempts_it_once_more(lost: QuickWorld) -> None:
    result = run("resolve", *WINDOW, "--as", "send-again", "--yes")
    assert result.exit_code == 0, result.output
    assert "SES reported on 0 of" in result.output
    lost.advance(timedelta(hours=14))  # it is night: quiet hours are asked anew
    assert len(step_mails(lost)) == 1
    assert steps(lost)[0]["evidence"].startswith("asked for by a person")
    assert unknown_sends(lost.now) == []


def test_lost_is_recorded_on_each_send_and_nothing_is_sent(lost: QuickWorld) -> None:
    assert run("resolve", *WINDOW, "--as", "lost", "--yes").exit_code == 0
    assert steps(lost)[0]["reason"] == "resolved_by_a_person:lost"
    lost.advance(timedelta(hours=1))
    assert step_mails(lost) == []


def test_without_a_yes_nothing_happens_and_without_a_choice_it_says_what_to_give(lost: QuickWorld) -> None:
    assert run("resolve", *WINDOW, "--as", "lost").exit_code != 0
    assert len(unknown_sends(lost.now)) == 1
    assert run("resolve", "--as", "lost").exit_code != 0
