"""`over_cap` and `on_error` of send steps: each lead follows the policy, and holds up nobody else."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.leads.store import load_state

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import FIRST, SECOND, THIRD, does, only_scenarios, publish, reasons, templates
from tests.support.world import Json

TOPIC = "product-news"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: The playbook allows two emails in 24 hours.
SENDS = [{"id": "first", "send": FIRST}, {"id": "second", "send": SECOND}]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


def sends(world: QuickWorld, state: str) -> list[str]:
    return [str(one["reason"]) for one in world.items("send") if one["state"] == state]


def third(**policy: Any) -> list[Json]:
    return [*SENDS, {"id": "third", "send": THIRD, **policy}, {"id": "tag", "set": [{"add_tag": "through"}]}]


def test_an_email_over_the_cap_is_deferred_and_expires_when_that_is_too_late(world: QuickWorld) -> None:
    publish(world, *third(valid_hours=48))
    world.join()
    world.advance(HOUR)
    assert templates(world) == [FIRST, SECOND]
    world.advance(2 * DAY)
    assert templates(world) == [FIRST, SECOND, THIRD]
    publish(world, *third(valid_hours=2), id="other", entry=[{"on": {"activity": "meeting_set"}}])
    world.advance(7 * DAY)
    does(world, world.lead_id("taro@example.jp"), "meeting_set")
    world.advance(4 * DAY)
    assert templates(world) == [FIRST, SECOND, THIRD, FIRST, SECOND]
    assert sends(world, "skipped") == ["cap:day"]


def test_an_email_over_the_cap_is_skipped_at_once(world: QuickWorld) -> None:
    publish(world, *third(over_cap="skip"))
    lead = world.join()
    world.advance(HOUR)
    assert templates(world) == [FIRST, SECOND] and sends(world, "skipped") == ["cap:day"]
    assert load_state(lead).enrollments["nurture"].is_complete
    world.advance(3 * DAY)
    assert templates(world) == [FIRST, SECOND]


def test_a_lead_is_kept_at_the_step_until_the_cap_is_free(world: QuickWorld) -> None:
    publish(world, *third(over_cap="hold", valid_hours=1))
    lead = world.join()
    world.advance(3 * HOUR)
    assert templates(world) == [FIRST, SECOND] and not load_state(lead).enrollments["nurture"].is_complete
    world.advance(2 * DAY)
    assert templates(world) == [FIRST, SECOND, THIRD] and sends(world, "skipped") == []
    assert load_state(lead).enrollments["nurture"].is_complete


def test_a_goal_ends_the_enrollment_of_a_lead_that_is_kept(world: QuickWorld) -> None:
    goals = [{"id": "meeting", "on": {"feedback": ["meeting_set"]}}]
    publish(world, *third(over_cap="hold"), goals=goals)
    lead = world.join()
    world.advance(HOUR)
    does(world, lead, "meeting_set")
    world.advance(3 * DAY)
    assert templates(world) == [FIRST, SECOND]
    assert load_state(lead).enrollments["nurture"].ended == "goal:meeting"


PICKY = {
    "id": "picky", "purpose": "marketing", "topic": TOPIC, "language": "ja", "subject": "s",
    "html": "{{ lead.grade }} {{ unsubscribe_url }}", "text": "{{ unsubscribe_url }}",
}  # fmt: skip
MENDED = {**PICKY, "html": "{{ lead.grade | default: 'x' }} {{ unsubscribe_url }}"}


def picky(world: QuickWorld, **policy: Any) -> str:
    """A template that cannot be filled in for anybody; another lead's email of the same batch can."""
    world.app.definitions.publish("template", "picky", PICKY, world.now)
    publish(world, {"id": "picky", "send": "picky", **policy}, {"id": "second", "send": SECOND})
    return world.join()


def test_an_email_that_cannot_be_composed_is_tried_again_until_it_can(world: QuickWorld) -> None:
    picky(world)
    world.advance(HOUR)
    assert templates(world) == [] and sends(world, "failed") == []
    assert "not_composed" in [one.partition(":")[0] for one in sends(world, "planned")]
    world.app.definitions.publish("template", "picky", MENDED, world.now)
    world.advance(3 * HOUR)
    assert templates(world) == ["picky", SECOND]
    assert len(load_state(world.lead_id("taro@example.jp")).mailed) == 2  # attempts that failed count for no cap


def test_it_fails_when_valid_hours_are_over_and_the_lead_goes_on(world: QuickWorld) -> None:
    picky(world, valid_hours=6)
    world.advance(DAY)
    assert templates(world) == [SECOND]
    assert len(sends(world, "failed")) == 1


def test_skip_fails_at_once_and_goes_on(world: QuickWorld) -> None:
    lead = picky(world, on_error="skip")
    world.advance(HOUR)
    assert templates(world) == [SECOND] and len(sends(world, "failed")) == 1
    assert load_state(lead).enrollments["nurture"].ended is None


def test_stop_ends_the_enrollment_with_the_reason(world: QuickWorld) -> None:
    lead = picky(world, on_error="stop")
    world.advance(2 * DAY)
    assert templates(world) == [] and len(sends(world, "failed")) == 1
    assert load_state(lead).enrollments["nurture"].ended == "error:picky"
    assert reasons(world, "scenario_ended") == ["error:picky"]


def test_one_lead_s_error_holds_up_nobody_else(world: QuickWorld) -> None:
    template = {**PICKY, "html": "{% if lead.title == '課長' %}{{ lead.grade }}{% endif %} {{ unsubscribe_url }}"}
    world.app.definitions.publish("template", "picky", template, world.now)
    publish(world, {"id": "picky", "send": "picky", "on_error": "stop"}, {"id": "second", "send": SECOND})
    world.join(title="課長")
    world.join("jiro@example.jp")
    world.advance(HOUR)
    assert (templates(world), templates(world, "jiro@example.jp")) == ([], ["picky", SECOND])
