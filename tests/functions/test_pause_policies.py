"""Policies of a pause in the whole system, and what an operator sees before resuming."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.authoring.numbers import numbers
from sodate.leads.store import load_state
from sodate.playbook.store import Definitions
from sodate_cli import scenarios as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SECOND, SEND, only_scenarios, publish, reasons, templates
from tests.support.world import TABLE

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STEPS = (
    SEND,
    {"id": "wait", "wait": {"days_of_24_hours": 2}},
    {"id": "second", "send": SECOND, "valid_hours": 24 * 10},
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: found.now)
        yield found


def paused_for(world: QuickWorld, days: int, **policy: Any) -> str:
    """The first email goes out, and a day later the pause begins."""
    publish(world, *STEPS, pause=policy)
    lead = world.join()
    world.advance(DAY)
    assert templates(world) == [FIRST]
    publish(world, *STEPS, pause=policy, status="paused")
    world.advance(days * DAY)
    assert templates(world) == [FIRST]
    return lead


def show() -> str:
    return " ".join(CliRunner().invoke(app, ["scenario", "show", "nurture"]).output.split())


@pytest.mark.parametrize(("waits", "more_days"), [("count_on", 0), ("hold", 1), ("restart", 2)])
def test_the_wait_ends_as_the_policy_says(world: QuickWorld, waits: str, more_days: int) -> None:
    """The pause lasts from a Wednesday to a Monday; a day of the wait of two has passed."""
    paused_for(world, 5, waits=waits, skip_overdue_hours=24 * 30)
    publish(world, *STEPS, pause={"waits": waits, "skip_overdue_hours": 24 * 30})
    if more_days:
        world.advance(more_days * DAY - 2 * HOUR)
        assert templates(world) == [FIRST]
    world.advance(4 * HOUR)
    assert templates(world) == [FIRST, SECOND]


def test_an_email_that_is_overdue_for_too_long_is_skipped_and_the_reason_is_in_the_log(world: QuickWorld) -> None:
    lead = paused_for(world, 5, skip_overdue_hours=24)
    publish(world, *STEPS, pause={"skip_overdue_hours": 24})
    world.advance(2 * DAY)
    assert templates(world) == [FIRST]
    assert reasons(world, "scenario_advanced") == ["second v1: overdue"]
    assert load_state(lead).enrollments["nurture"].is_complete


def test_what_the_policy_sends_does_not_expire_because_of_the_pause(world: QuickWorld) -> None:
    policy = {"skip_overdue_hours": 24 * 30}
    steps = (*STEPS[:2], {**STEPS[2], "valid_hours": 24})
    publish(world, *steps, pause=policy)
    world.join()
    world.advance(DAY)
    publish(world, *steps, pause=policy, status="paused")
    world.advance(5 * DAY)
    publish(world, *steps, pause=policy)
    world.advance(DAY)
    assert templates(world) == [FIRST, SECOND]


def test_with_the_default_valid_hours_decide(world: QuickWorld) -> None:
    paused_for(world, 5)
    publish(world, *STEPS)
    world.advance(DAY)
    assert templates(world) == [FIRST, SECOND]


def test_what_is_due_is_shown_before_it_resumes(world: QuickWorld) -> None:
    publish(world, *STEPS, status="paused")
    assert "due when it resumes: 0 leads, 0 emails" in show()
    publish(world, *STEPS)
    for number in range(3):
        world.join(f"p{number}@example.jp")
    world.advance(DAY)
    assert "due when it resumes" not in show()
    publish(world, *STEPS, status="paused")
    world.advance(5 * DAY)
    assert "paused; due when it resumes: 3 leads, 3 emails" in show() and "by step: second 3" in show()
    paused = Definitions().live("sequence", "nurture").body
    assert list(numbers(paused, {**paused, "status": "published"}, Definitions(), world.now)) == [
        "3 leads are due as soon as it resumes, 3 of them at an email"
    ]
