"""Scores decay at the computed minute without any activity, and an idle lead causes no writes."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due
from sodate.scheduling.message import RawMessage

from tests.functions.quick import QuickWorld

RULES: dict[str, Any] = {
    "hot": {"threshold": 50, "cool_below": 30},
    "rules": [
        {"id": "seen", "label": "seen", "when": {"activity": "page_viewed"}, "points": 30, "half_life_days": 20},
        {"id": "form", "label": "form", "when": {"activity": "form_submitted"}, "points": 5},
    ],
    "rank": {"fit": {"best": 20, "middle": 10}, "engagement": {"best": 55, "middle": 20}},
    "phases": [
        {"id": "aware", "label": "認知"},
        {"id": "keen", "label": "関心", "when": {"score": "total", "at_least": 40},
         "falls_back_when": {"inactive_for_days": 60}},
    ],
}  # fmt: skip


def view(world: QuickWorld, lead: str, number: int) -> None:
    table.put(activity_item(Activity(lead, "page_viewed", world.now, f"{number:016x}", {"page": "/a"})))
    world.settle()


def fades_below(left: float) -> int:
    """The first minute at which less is left of 60 points that halve every 20 days."""
    return math.floor(20 * 24 * 60 * math.log2(60 / left)) + 1


@pytest.fixture
def ruled(world: QuickWorld) -> QuickWorld:
    Definitions().publish("rules", "default", RULES, world.now)
    return world


def writes(world: QuickWorld, kinds: set[str]) -> int:
    return sum(1 for _, _, new in world.table.history if new is not None and new["kind"]["S"] in kinds)


def test_a_lead_cools_at_the_computed_minute_and_not_before(ruled: QuickWorld) -> None:
    world = ruled
    lead = world.join()
    view(world, lead, 1)
    view(world, lead, 2)
    assert (world.score(lead)["hot"], world.score(lead)["rank"], world.score(lead)["phase"]) == (True, "C1", "keen")
    changed: list[tuple[str, datetime]] = []
    before = world.score(lead)
    end = world.now + timedelta(days=120)
    while world.now < end:
        world.advance(timedelta(hours=6))
        now = world.score(lead)
        for name in ("hot", "rank", "phase"):
            if now[name] != before[name]:
                changed.append((name, datetime.fromisoformat(now["at"])))
        before = now
    # 65 points: 5 stay, 60 halve every 20 days. Below 55 of behaviour, below 30 in all, below 20 of behaviour.
    expected = [("rank", fades_below(49.5)), ("hot", fades_below(24.5)), ("rank", fades_below(14.5))]
    start = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    minutes = [(name, (at - start) / timedelta(minutes=1)) for name, at in changed]
    assert minutes == [*expected, ("phase", 60 * 24 * 60)]
    assert len(world.items("signal")) == 1


def test_a_lead_whose_class_cannot_change_is_never_reevaluated(ruled: QuickWorld) -> None:
    """It has points, but none that decay below a threshold; segments would ask for time, so there are none."""
    world = ruled
    Definitions().retire("segments", "default", world.now)
    world.join()
    before = writes(world, {"score"})
    world.advance(timedelta(days=120))
    assert writes(world, {"score"}) == before > 0
    assert not [item for item in world.items("due") if "#decay" in item["pk"]]


def test_an_activity_puts_the_decay_off_and_the_earlier_entry_does_no_harm(ruled: QuickWorld) -> None:
    world = ruled
    lead = world.join()
    view(world, lead, 1)
    view(world, lead, 2)
    world.advance(timedelta(days=20))
    view(world, lead, 3)  # 30 + 35: hot until 31 or so days from here
    world.advance(timedelta(days=10))
    assert world.score(lead)["hot"] is True
    world.advance(timedelta(days=40))
    assert world.score(lead)["hot"] is False
    view(world, lead, 4)
    view(world, lead, 5)
    assert world.score(lead)["hot"] is True
    assert len(world.items("signal")) == 2


def test_an_entry_that_fails_keeps_no_lead_waiting_and_is_tried_for_a_day(ruled: QuickWorld) -> None:
    world = ruled
    lead = world.join()
    view(world, lead, 1)
    view(world, lead, 2)
    broken = {"v": 1, "what": "evidence", "lead": lead}  # an invalid entry: its fields are missing
    due.plan(world.now, due.DECAY, "broken", RawMessage(broken), world.now)
    world.advance(timedelta(days=60))
    assert world.score(lead)["hot"] is False
    messages = [json.loads(item["message"]) for item in world.items("due")]
    tries = [message.get("failures", 0) for message in messages if message.get("what") == "evidence"]
    assert sorted(tries) == list(range(25))
