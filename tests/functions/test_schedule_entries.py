"""Entries by schedule in the whole system: at each occurrence, every member of the segment enters."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sodate.authoring.numbers import numbers
from sodate.dynamodb import table
from sodate.playbook.store import Definitions
from sodate.scenarios import enter_by_schedule
from sodate.scenarios.enter_by_schedule import plan_schedules
from sodate.segments.store import member_write

from tests.functions.quick import NO_FAILURES, QuickWorld, quick_world
from tests.functions.test_scenarios import SEND, only_scenarios, publish, reasons
from tests.support.broadcasting import add_member
from tests.support.crashes import crash_points
from tests.support.world import Json

TOPIC = "product-news"
#: The world begins on a Tuesday at 11:00 in Tokyo.
WEEKLY = {"every": "week", "weekdays": "fri", "at": "10:00", "starting": "2026-11-01"}
ENTRY = {"schedule": WEEKLY, "segment": "readers"}
FRIDAY = datetime.fromisoformat("2026-11-27T10:00:00+09:00")
WAIT = {"id": "wait", "wait": {"days": 1}}
AGAIN = {"re_entry": {"allow": "always"}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


def scheduled(world: QuickWorld, *entries: Json, **keys: Any) -> None:
    publish(world, WAIT, SEND, entry=list(entries) or [ENTRY], **keys)
    plan_schedules(world.app.definitions, world.now)


def crowd(number: int) -> list[str]:
    return [add_member(f"p{each:03}", topic=TOPIC) for each in range(number)]


def entries(world: QuickWorld) -> int:
    """Enrollments that a schedule began."""
    return reasons(world, "scenario_entered").count("schedule")


def go_to(world: QuickWorld, at: datetime) -> None:
    world.advance(at - world.now)


def due(world: QuickWorld, what: str) -> list[Json]:
    messages = [json.loads(one["message"]) for one in world.items("due")]
    return [one for one in messages if one["what"] == what]


def test_a_plan_says_how_many_would_enter(world: QuickWorld) -> None:
    crowd(3)
    scheduled(world, ENTRY, {"on": {"segment_entered": "readers"}})
    body = Definitions().live("sequence", "nurture").body
    assert list(numbers({}, body, Definitions(), world.now)) == [
        "3 leads are in readers now: who is in it at an occurrence enters",
        "3 leads are in readers already: they do not enter, those who come into it do",
    ]
    assert list(numbers(body, body, Definitions(), world.now)) == [], "the entries are as they were"
    assert list(numbers({}, {**body, "status": "draft"}, Definitions(), world.now)) == []


def test_every_member_enters_at_each_occurrence(world: QuickWorld) -> None:
    crowd(3)
    add_member("elsewhere", topic=TOPIC, segments=())
    scheduled(world, **AGAIN)
    go_to(world, FRIDAY - timedelta(minutes=1))
    assert entries(world) == 0
    go_to(world, FRIDAY + timedelta(minutes=10))
    assert entries(world) == 3
    go_to(world, FRIDAY + timedelta(days=7, minutes=10))
    assert entries(world) == 6


def test_re_entry_decides_who_enters_again_and_the_condition_who_enters_at_all(world: QuickWorld) -> None:
    crowd(3)
    scheduled(world)
    scheduled(world, {**ENTRY, "when": {"attribute": "primary.title", "equals": "社長"}}, id="other", **AGAIN)
    go_to(world, FRIDAY + timedelta(days=30))
    assert entries(world) == 3


def test_who_comes_into_the_segment_later_waits_for_the_next_occurrence(world: QuickWorld) -> None:
    crowd(1)
    scheduled(world)
    go_to(world, FRIDAY - timedelta(minutes=1))
    late = add_member("late", topic=TOPIC)
    since = int(FRIDAY.timestamp()) // 60 + 1
    table.commit([member_write(late, "readers", since)])
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 1
    go_to(world, FRIDAY + timedelta(days=7, hours=1))
    assert entries(world) == 2


def test_many_members_are_read_page_by_page_and_a_task_goes_on_where_the_last_one_ended(
    world: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enter_by_schedule, "PAGE", 20)
    monkeypatch.setattr(enter_by_schedule, "BUDGET", timedelta(seconds=-1))  # a page per task
    crowd(130)
    scheduled(world)
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 130
    assert len([one for one in due(world, "schedule_entry") if "cursor" in one]) >= 6


def test_messages_that_come_again_enroll_nobody_again(world: QuickWorld) -> None:
    crowd(60)
    scheduled(world, **AGAIN)
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 60
    stamp = "2026-11-27T01:00:00.000Z"
    messages = [one for what in ("schedule_entry", "entries") for one in due(world, what) if one["at"] == stamp]
    bodies = [{"messageId": str(n), "body": json.dumps(one)} for n, one in enumerate(messages)]
    assert world.call("email_sender", {"Records": bodies}) == NO_FAILURES
    world.advance(timedelta(hours=1))
    assert entries(world) == 60


def test_a_crash_at_any_write_leaves_nobody_out_and_takes_nobody_in_twice(world: QuickWorld) -> None:
    crowd(4)
    scheduled(world, **AGAIN)
    go_to(world, FRIDAY - timedelta(minutes=1))
    world.now = FRIDAY + timedelta(minutes=1)
    (task,) = due(world, "schedule_entry")
    before = dict(world.table.items)
    for crash in crash_points(world, at_least=2):
        world.table.items = dict(before)
        event = {"Records": [{"messageId": "1", "body": json.dumps(task)}]}
        crash.call("email_sender", event)
        assert world.call("email_sender", event) == NO_FAILURES
        for batch in due(world, "entries"):
            inside = {"Records": [{"messageId": "1", "body": json.dumps(batch)}]}
            crash.call("email_sender", inside)
            assert world.call("email_sender", inside) == NO_FAILURES
        assert entries(world) == 4, crash.number
        assert [one["at"] for one in due(world, "schedule_entry")].count("2026-12-04T01:00:00.000Z") == 1


def test_a_pause_lets_nobody_in_and_the_schedule_goes_on(world: QuickWorld) -> None:
    crowd(2)
    scheduled(world, status="paused")
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 0
    publish(world, WAIT, SEND, entry=[ENTRY])
    go_to(world, FRIDAY + timedelta(days=8))
    assert entries(world) == 2


def test_a_changed_schedule_replaces_the_earlier_one(world: QuickWorld) -> None:
    crowd(2)
    scheduled(world, **AGAIN)
    scheduled(world, {**ENTRY, "schedule": {**WEEKLY, "weekdays": "wed"}}, **AGAIN)
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 2  # on Wednesday, not again on Friday
    Definitions().retire("sequence", "nurture", world.now)
    world.new_process()
    go_to(world, FRIDAY + timedelta(days=30))
    assert entries(world) == 2


def test_an_occurrence_that_a_closing_day_cancels_meanwhile_does_not_happen(world: QuickWorld) -> None:
    crowd(2)
    scheduled(world, {**ENTRY, "schedule": {**WEEKLY, "on_holiday": "skip"}})
    mailing = world.app.definitions.live("mailing").body
    world.app.definitions.publish("mailing", "default", {**mailing, "closing_days": ["11-27"]}, world.now)
    go_to(world, FRIDAY + timedelta(hours=1))
    assert entries(world) == 0
    go_to(world, FRIDAY + timedelta(days=7, hours=1))
    assert entries(world) == 2


def test_a_publication_again_plans_nothing_twice(world: QuickWorld) -> None:
    crowd(2)
    scheduled(world)
    plan_schedules(world.app.definitions, world.now + timedelta(hours=1))
    assert len(due(world, "schedule_entry")) == 1


def test_an_idle_schedule_costs_one_due_entry_per_occurrence(world: QuickWorld) -> None:
    scheduled(world, {**ENTRY, "segment": "nobody"})
    go_to(world, FRIDAY + timedelta(days=21, hours=1))
    assert len(due(world, "schedule_entry")) == 5 and due(world, "entries") == []
