"""`sodate scenario migrate`: enrollments of older versions go on in the live one, nothing twice and nothing lost."""

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

from tests.functions.quick import NO_FAILURES, QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SECOND, SEND, THIRD, batch_of, only_scenarios, publish, templates
from tests.support.world import TABLE, Json

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WAIT = {"id": "wait", "wait": {"days_of_24_hours": 3}}
NEXT = {"id": "second", "send": SECOND}
JIRO = "jiro@example.jp"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: found.now)
        yield found


def migrate(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["scenario", "migrate", "nurture", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def waiting_lead(world: QuickWorld, *steps: Json) -> str:
    """A day into the wait of three."""
    publish(world, *(steps or (SEND, WAIT, NEXT)))
    lead = world.join()
    world.advance(DAY)
    assert templates(world) == [FIRST]
    return lead


def test_a_lead_goes_on_in_the_live_version_and_its_wait_goes_on_counting(world: QuickWorld) -> None:
    lead = waiting_lead(world)
    publish(world, SEND, WAIT, {"id": "second", "send": THIRD})
    listed = migrate("--preview", "--json")["steps"]
    assert listed == [{"version": 1, "step": "wait", "to": "second", "leads": 1}]
    assert load_state(lead).enrollments["nurture"].version == 1  # a preview changes nothing
    assert "nurture: 1 moved" in migrate()
    assert "nobody is in an older version" in migrate()
    world.advance(2 * DAY - 2 * HOUR)
    assert templates(world) == [FIRST]
    world.advance(4 * HOUR)
    assert templates(world) == [FIRST, THIRD]
    assert load_state(lead).enrollments["nurture"].is_complete


def test_a_longer_wait_counts_from_the_same_beginning(world: QuickWorld) -> None:
    waiting_lead(world)
    publish(world, SEND, {"id": "wait", "wait": {"days_of_24_hours": 6}}, NEXT)
    migrate()
    world.advance(4 * DAY)
    assert templates(world) == [FIRST]
    world.advance(DAY + 12 * HOUR)
    assert templates(world) == [FIRST, SECOND]


def test_a_step_with_leads_at_it_needs_a_counterpart(world: QuickWorld) -> None:
    lead = waiting_lead(world)
    publish(world, SEND, {"id": "third", "send": THIRD})
    assert "wait missing 1" in migrate("--preview").replace("│", "").replace("  ", " ")
    assert "--map wait=…" in migrate(code=1)
    assert load_state(lead).enrollments["nurture"].version == 1
    assert "has no step `nope`" in migrate("--map", "wait=nope", code=1)
    assert "old-step=new-step" in migrate("--map", "wait", code=2)
    assert "1 moved" in migrate("--map", "wait=third")
    world.advance(HOUR)
    assert templates(world) == [FIRST, THIRD]
    world.advance(5 * DAY)
    assert templates(world) == [FIRST, THIRD]


def test_a_step_can_lead_to_the_end(world: QuickWorld) -> None:
    lead = waiting_lead(world)
    publish(world, SEND)
    assert "1 ended" in migrate("--map", "wait=end")
    world.advance(5 * DAY)
    assert templates(world) == [FIRST] and load_state(lead).enrollments["nurture"].is_complete


def test_an_email_that_went_out_is_not_sent_again_by_the_new_version(world: QuickWorld) -> None:
    """The new version has the steps in another order, so equal indexes mean other emails."""
    lead = waiting_lead(world)
    publish(world, {"id": "zero", "send": THIRD}, SEND, WAIT, NEXT)
    message = batch_of(lead)
    migrate()
    assert world.call("email_sender", message) == NO_FAILURES  # a late message of the old version
    world.advance(6 * DAY)
    assert templates(world) == [FIRST, SECOND]


def test_an_email_that_is_due_is_sent_once_whichever_comes_first(world: QuickWorld) -> None:
    publish(world, SEND, NEXT)
    lead, other = world.join(), world.join(JIRO)
    old = batch_of(lead, other)
    publish(world, SEND, {"id": "second", "send": THIRD})
    steps = [lambda: world.call("email_sender", old), lambda: migrate(), lambda: world.call("email_sender", old)]
    for step in steps:
        step()
    world.advance(DAY)
    assert templates(world) == [FIRST, THIRD] and templates(world, JIRO) == [FIRST, THIRD]


def test_who_moved_between_preview_and_move_is_moved_from_where_it_is(world: QuickWorld) -> None:
    """The first email is claimed between the read and the write of the migration."""
    publish(world, SEND, WAIT, NEXT)
    lead = world.join()
    old = batch_of(lead)
    publish(world, SEND, WAIT, {"id": "second", "send": THIRD})
    done: list[bool] = []

    def meanwhile(label: str) -> None:
        if label == "before Transaction" and not done:
            done.append(True)
            world.call("email_sender", old)

    world.table.point = meanwhile
    assert "1 moved" in migrate()
    world.table.point = lambda _: None
    world.advance(4 * DAY)
    assert done and templates(world) == [FIRST, THIRD]


def test_a_migration_that_dies_is_run_again(world: QuickWorld) -> None:
    publish(world, SEND, WAIT, NEXT)
    leads = [world.join(f"p{number}@example.jp") for number in range(4)]
    world.advance(DAY)
    publish(world, SEND, WAIT, {"id": "second", "send": THIRD})
    calls = 0

    def die(label: str) -> None:
        nonlocal calls
        calls += label == "before Transaction"
        if calls == 3:
            raise KeyboardInterrupt

    world.table.point = die
    CliRunner().invoke(app, ["scenario", "migrate", "nurture"])
    world.table.point = lambda _: None
    versions = [load_state(lead).enrollments["nurture"].version for lead in leads]
    assert sorted(versions) == [1, 1, 2, 2]
    assert "2 moved" in migrate()
    world.advance(4 * DAY)
    assert all(templates(world, f"p{number}@example.jp") == [FIRST, THIRD] for number in range(4))


def test_a_lead_that_waits_for_an_event_goes_on_waiting(world: QuickWorld) -> None:
    wait_for = {
        "id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days_of_24_hours": 5},
        "on_timeout": "second",
    }  # fmt: skip
    publish(world, SEND, wait_for, {"id": "end", "end": "clicked"} | {"id": "stop"}, NEXT)
    world.join()
    world.advance(DAY)
    publish(world, SEND, wait_for, {"id": "stop", "end": "clicked"}, {"id": "second", "send": THIRD})
    assert "1 moved" in migrate()
    world.advance(3 * DAY)
    assert templates(world) == [FIRST]
    world.advance(2 * DAY)
    assert templates(world) == [FIRST, THIRD]


@pytest.mark.parametrize("is_email", [False, True])
def test_a_message_of_the_old_version_moves_no_migrated_enrollment(world: QuickWorld, is_email: bool) -> None:
    """Equal step and visit: both versions had planned the next step in the same second."""
    pause = {"id": "pause", "wait": {"hours": 5}}
    publish(world, *([SEND, WAIT, NEXT] if is_email else [pause, {"id": "tag", "set": [{"add_tag": "old"}]}, NEXT]))
    lead = world.join()
    publish(world, *([{"id": "zero", "send": THIRD}, WAIT, NEXT] if is_email else [pause, NEXT, WAIT, SEND]))
    migrate("--map", "first=zero" if is_email else "tag=second")
    moved = load_state(lead).enrollments["nurture"]
    assert moved.version == 2 and moved.visit is not None
    due = {"v": 2, "what": "steps", "sequence": "nurture", "version": 1, "step": moved.step}
    ref = [lead, moved.id, int(world.now.timestamp()), None, moved.visit.number, moved.visit.at]
    body = json.dumps({**due, "leads": [ref]})
    world.now += 6 * HOUR
    assert world.call("email_sender", {"Records": [{"messageId": "1", "body": body}]}) == NO_FAILURES
    assert load_state(lead).enrollments["nurture"] == moved and templates(world) == []


def test_a_sequence_stays_on_its_version(world: QuickWorld) -> None:
    done = CliRunner().invoke(app, ["scenario", "migrate", "nope"])
    assert done.exit_code == 4
