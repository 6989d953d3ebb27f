"""`max_entries_per_hour`: more entries than that stop further ones until an operator lets them in or drops them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.leads.store import load_state
from sodate_cli import scenarios as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SEND, does, only_scenarios, publish, reasons, templates
from tests.functions.test_schedule_entries import FRIDAY, crowd, go_to, scheduled
from tests.support.world import TABLE, Json

REGISTERED = {"on": {"activity": "seminar_registered"}}
LIMIT = {"max_entries_per_hour": 2}
HOUR = timedelta(hours=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        monkeypatch.setattr(command, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(command, "now", lambda _: found.now)
        monkeypatch.setattr(command, "find_lead", lambda email, _: found.lead_id(email))
        yield found


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["scenario", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def limited(world: QuickWorld, *steps: Json, **keys: Any) -> None:
    publish(world, *(steps or (SEND,)), **{"entry": [REGISTERED], **LIMIT, **keys})


def joined(world: QuickWorld, number: int) -> list[str]:
    return [world.join(f"p{each}@example.jp") for each in range(number)]


def inside(leads: list[str], name: str = "nurture") -> list[bool]:
    return [name in load_state(lead).enrollments for lead in leads]


def test_more_than_the_limit_are_listed_and_the_scenario_stays_closed(world: QuickWorld) -> None:
    limited(world)
    leads = joined(world, 4)
    for lead in leads[:3]:
        does(world, lead, "seminar_registered", seminar="s")
    assert inside(leads) == [True, True, False, False]
    world.advance(2 * HOUR)  # another hour
    does(world, leads[3], "seminar_registered", seminar="s")
    assert inside(leads) == [True, True, False, False]
    listed = run("waiting", "nurture", "--json")
    assert [one["reason"] for one in listed["waiting"]] == ["seminar_registered"] * 2 and listed["stopped_at"]
    assert "sodate scenario admit nurture --all" in run("waiting", "nurture")
    assert "stopped" in run("show", "nurture")


def test_who_is_let_in_enters_and_the_scenario_is_open_again(world: QuickWorld) -> None:
    limited(world)
    leads = joined(world, 5)
    for lead in leads[:4]:
        does(world, lead, "seminar_registered", seminar="s")
    assert "nurture: 1 entered" in run("admit", "nurture", "p2@example.jp")
    assert inside(leads) == [True, True, True, False, False]
    assert "nurture: 1 entered" in run("admit", "nurture", "--all")
    does(world, leads[4], "seminar_registered", seminar="s")
    assert inside(leads) == [True] * 5
    world.advance(timedelta(days=1))
    assert [templates(world, f"p{each}@example.jp") for each in range(5)] == [[FIRST]] * 5
    assert run("waiting", "nurture", "--json") == {"stopped_at": None, "waiting": []}


def test_who_is_dropped_does_not_enter(world: QuickWorld) -> None:
    limited(world)
    leads = joined(world, 4)
    for lead in leads[:3]:
        does(world, lead, "seminar_registered", seminar="s")
    assert "nurture: 1 dropped" in run("drop", "nurture", "--all")
    does(world, leads[3], "seminar_registered", seminar="s")
    assert inside(leads) == [True, True, False, True]
    assert "does not wait" in run("drop", "nurture", "p0@example.jp", code=4)
    assert "--all" in run("drop", "nurture", code=2)


def test_a_new_hour_counts_anew(world: QuickWorld) -> None:
    limited(world)
    leads = joined(world, 4)
    for lead in leads[:2]:
        does(world, lead, "seminar_registered", seminar="s")
    world.advance(HOUR)
    for lead in leads[2:]:
        does(world, lead, "seminar_registered", seminar="s")
    assert inside(leads) == [True] * 4


def test_an_opt_in_is_counted_too(world: QuickWorld) -> None:
    limited(world, entry=[{"opt_in_confirmed": []}])
    leads = joined(world, 3)
    assert inside(leads) == [True, True, False]


def test_a_step_that_enrolls_is_counted_and_its_own_scenario_goes_on(world: QuickWorld) -> None:
    limited(world, id="other", entry=[{"manual": True}])
    publish(world, {"id": "to", "enroll": "other"}, {"id": "tag", "set": [{"add_tag": "x"}]})
    leads = joined(world, 4)
    world.advance(HOUR / 4)
    assert sorted(inside(leads, "other")) == [False, False, True, True]
    assert all(load_state(lead).enrollments["nurture"].is_complete for lead in leads)
    waiting = [one["reason"] for one in run("waiting", "other", "--json")["waiting"]]
    assert waiting == ["scenario:nurture"] * 2


def test_a_schedule_stops_at_the_limit(world: QuickWorld) -> None:
    crowd(60)
    scheduled(world, max_entries_per_hour=20)
    go_to(world, FRIDAY + HOUR)
    assert reasons(world, "scenario_entered").count("schedule") == 20
    assert len(run("waiting", "nurture", "--json")["waiting"]) == 40


def test_a_repeated_activity_of_a_lead_inside_is_neither_counted_nor_held(world: QuickWorld) -> None:
    limited(world)
    leads = joined(world, 2)
    for _ in range(3):
        for lead in leads:
            does(world, lead, "seminar_registered", seminar="s")
    assert run("waiting", "nurture", "--json") == {"stopped_at": None, "waiting": []}


def test_the_count_is_exact_when_two_enter_at_once(world: QuickWorld) -> None:
    """The second one enters between the read of the count and the write of the first."""
    limited(world, max_entries_per_hour=1)
    leads = joined(world, 2)
    for lead in leads:
        key = activity_key("seminar_registered", lead)
        table.put(activity_item(Activity(lead, "seminar_registered", world.now, key, {"seminar": "s"})))
    records = [r for r in world.stream_records() if r["dynamodb"]["NewImage"]["kind"]["S"] == "activity"]
    first, second = ([r for r in records if lead in r["dynamodb"]["Keys"]["pk"]["S"]] for lead in leads)
    before = dict(world.table.items)
    for number in range(40):
        world.table.items = dict(before)
        points: list[str] = []

        def meanwhile(label: str, points: list[str] = points, number: int = number) -> None:
            points.append(label)
            if len(points) == number + 1:
                world.call("scoring", {"Records": second})

        world.table.point = meanwhile
        world.call("scoring", {"Records": first})
        world.table.point = lambda _: None
        if len(points) <= number:
            assert number >= 2
            return
        assert sorted(inside(leads)) == [False, True], points[-1]
        assert len(run("waiting", "nurture", "--json")["waiting"]) == 1
    raise AssertionError("the call has more points than that")


def test_without_a_limit_nothing_is_counted(world: QuickWorld) -> None:
    publish(world, SEND, entry=[REGISTERED])
    does(world, joined(world, 1)[0], "seminar_registered", seminar="s")
    assert not world.items("entrycount")
