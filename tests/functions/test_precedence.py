"""Two scenarios want to send to one lead in the same minute, and a cap allows one email: precedence decides."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.leads.store import load_state

from tests.functions.quick import NO_FAILURES, QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SECOND, only_scenarios, publish, templates
from tests.support.world import Json

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HIGH, LOW = FIRST, SECOND


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        ordered(found, "zebra", "apple")  # not by id
        yield found


def ordered(world: QuickWorld, *names: str, a_day: int = 1) -> None:
    """As `apply` publishes it when scenarios have a precedence."""
    body = {**world.app.definitions.live("mailing").body, "caps": [{"per": "day", "at_most": a_day}]}
    body.pop("email_order", None)
    body |= {"email_order": list(names)} if names else {}
    world.app.definitions.publish("mailing", "default", body, world.now)


def two(world: QuickWorld, *, high: Json | None = None, low: Json | None = None, **keys: Any) -> str:
    """A lead that is at the first email of both; `high`, `low`: keys of the step. `keys`: of the higher scenario."""
    publish(world, {"id": "one", "send": HIGH, **(high or {})}, id="zebra", **keys)
    publish(world, {"id": "one", "send": LOW, **(low or {})}, id="apple")
    return world.join()


def message(world: QuickWorld, lead: str, scenario: str) -> Json:
    state = load_state(lead)
    enrollment = state.enrollments[scenario]
    since = world.now
    ref = EnrollmentRef(lead, enrollment.id, since, state.zone, enrollment.visit)
    body = EnrollmentBatch(scenario, enrollment.version, enrollment.step, (ref,)).to_message()
    return {"Records": [{"messageId": "1", "body": json.dumps(body)}]}


def take(world: QuickWorld, lead: str, *scenarios: str) -> None:
    """The sender gets the emails in this order, in the minute at which both are due."""
    messages = [message(world, lead, scenario) for scenario in scenarios]
    world.now += 2 * MINUTE
    for one in messages:
        assert world.call("email_sender", one) == NO_FAILURES
    world.settle()


def reason(world: QuickWorld, template: str) -> str:
    (send,) = [one for one in world.items("send") if one.get("template") == template]
    return str(send["reason"])


@pytest.mark.parametrize("order", [("zebra", "apple"), ("apple", "zebra")])
@pytest.mark.parametrize(("policy", "after_a_day"), [("defer", [HIGH, LOW]), ("hold", [HIGH, LOW]), ("skip", [HIGH])])
def test_whichever_the_sender_takes_first_the_higher_leaves_and_the_other_does_as_its_policy_says(
    world: QuickWorld, order: tuple[str, str], policy: str, after_a_day: list[str]
) -> None:
    lead = two(world, low={"over_cap": policy})
    take(world, lead, *order)
    assert templates(world) == [HIGH]
    if order[0] == "apple":
        assert reason(world, LOW) == "precedence:zebra"
    world.advance(5 * MINUTE)
    assert templates(world) == [HIGH]
    world.advance(DAY)
    assert templates(world) == after_a_day


def test_both_leave_when_the_cap_has_room_for_both(world: QuickWorld) -> None:
    ordered(world, "zebra", "apple", a_day=2)
    lead = two(world)
    take(world, lead, "apple", "zebra")
    assert templates(world) == [LOW, HIGH]


def test_the_other_leaves_minutes_later_when_the_higher_scenario_has_ended_for_the_lead(world: QuickWorld) -> None:
    exits = [{"id": "known", "when": {"attribute": "primary.title", "equals": "部長"}}]
    lead = two(world, exits=exits)
    take(world, lead, "apple")
    assert templates(world) == []
    world.advance(10 * MINUTE)
    assert templates(world) == [LOW]


def test_a_paused_scenario_is_not_waited_for(world: QuickWorld) -> None:
    lead = two(world)
    publish(world, {"id": "one", "send": HIGH}, id="zebra", status="paused")
    world.app.definitions._pointers.clear()
    take(world, lead, "apple")
    assert templates(world) == [LOW]


def test_an_email_that_never_leaves_holds_up_nothing_for_longer_than_its_patience(world: QuickWorld) -> None:
    """Each time the lower email comes, the higher one has not been taken."""
    lead = two(world)
    for _ in range(6):
        take(world, lead, "apple")
        if templates(world):
            break
    assert templates(world) == [LOW]


def test_without_precedence_nothing_is_read_and_with_it_only_for_emails_that_something_goes_before(
    world: QuickWorld,
) -> None:
    """One read per lead, of its STATE; and which version of the other scenario is live, which production caches."""
    lead = two(world)

    def reads(scenario: str, *order: str) -> int:
        ordered(world, *order, a_day=2)
        one, before = message(world, lead, scenario), world.table.items.copy()
        world.call("email_sender", one)  # definitions are in the cache now
        world.table.items.clear()
        world.table.items.update(before)
        count = world.table.reads
        world.call("email_sender", one)
        world.table.items.clear()
        world.table.items.update(before)
        return world.table.reads - count

    first, none, second = reads("apple", "apple", "zebra"), reads("apple"), reads("zebra", "apple", "zebra")
    assert first == none
    assert second == first + 2
