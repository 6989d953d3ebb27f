"""A branch that comes before the stream has folded the lead's latest activities is decided from the log itself."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.dynamodb import table

from tests.functions.quick import NO_FAILURES, QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SECOND, THIRD, only_scenarios, publish, templates
from tests.functions.test_segments import publish as publish_segments
from tests.support.world import Json

PRICES = "https://example.jp/pricing"
READERS = {"id": "readers", "when": {"activity": "mail_clicked", "link_contains": "/pricing", "within_days": 30}}
WARM = {"score": "total", "at_least": 40}
CONDITIONS: tuple[Json, ...] = (WARM, {"segment": "readers"}, {"phase": ["consideration"]})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        publish_segments(found, READERS)
        yield found


def steps(condition: Json) -> tuple[Json, ...]:
    return (
        {"id": "first", "send": FIRST},
        {"id": "wait", "wait": {"days_of_24_hours": 1}},
        {"id": "which", "branch": [{"when": condition, "then": "second"}], "otherwise": "third"},
        {"id": "second", "send": SECOND, "then": "end"},
        {"id": "third", "send": THIRD},
    )


def clicks(world: QuickWorld, lead: str) -> None:
    """Logged, and not folded yet."""
    about = {"link": PRICES, "template": FIRST}
    table.put(activity_item(Activity(lead, "mail_clicked", world.now, activity_key("click", lead), about)))


def decide_without_the_stream(world: QuickWorld) -> list[dict[str, Any]]:
    """The minute of the branch; what the log says of it."""
    world.now += timedelta(days=1, minutes=5)
    world.call("step_mail_dispatch", {})
    while records := world.receive():
        assert world.call("email_sender", {"Records": records}) == NO_FAILURES
    return [one["about"] for one in world.items("activity") if one["type"] == "scenario_advanced"]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_branch_knows_what_the_stream_has_not_folded(world: QuickWorld, condition: Json) -> None:
    publish(world, *steps(condition))
    lead = world.join()
    world.advance(timedelta(hours=1))
    clicks(world, lead)
    (decision,) = decide_without_the_stream(world)
    assert (decision["reason"], decision["facts"]) == ("which v1: case (1)", "behind")
    world.settle()
    world.advance(timedelta(days=1))
    assert templates(world) == [FIRST, SECOND]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_nothing_is_said_to_be_behind_where_the_stream_is_in_time(world: QuickWorld, condition: Json) -> None:
    publish(world, *steps(condition))
    lead = world.join()
    world.advance(timedelta(hours=1))
    clicks(world, lead)
    world.settle()
    (decision,) = decide_without_the_stream(world)
    assert decision["reason"] == "which v1: case (1)"
    assert "facts" not in decision
