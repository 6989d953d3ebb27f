"""Webhook steps: one signed post per visit of the step, retried; the lead goes on meanwhile."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sodate.errors import Invalid, Transient
from sodate.leads.store import load_state

from tests.functions.quick import QuickWorld, quick_world
from tests.functions.test_scenarios import SECOND, batch_of, only_scenarios, publish, reasons, templates
from tests.support.crashes import crash_points
from tests.support.world import Json

URL = "https://hooks.example.com/lead"
HOUR = timedelta(hours=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with quick_world(monkeypatch) as found:
        only_scenarios(found)
        yield found


def hook(url: str = URL, **policy: Any) -> Json:
    return {"id": "hook", "webhook": url, **policy}


def begun(world: QuickWorld, *steps: Json, **keys: Any) -> str:
    publish(world, *(steps or (hook(),)), {"id": "second", "send": SECOND}, **keys)
    return world.join()


def answers(world: QuickWorld, *replies: int | Exception) -> list[Any]:
    """Posts so far; each gets the next of these replies, the last one forever."""
    posts: list[Any] = []

    def deliver(post: Any) -> int:
        posts.append(post)
        reply = replies[min(len(posts), len(replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    world.app.deliver_webhook = deliver
    return posts


def test_the_lead_s_ids_are_posted_once_with_a_signature(world: QuickWorld) -> None:
    posts = answers(world, 200)
    lead = begun(world)
    world.advance(HOUR)
    (post,) = posts
    document = json.loads(post.body)
    enrollment = load_state(lead).enrollments["nurture"]
    assert (post.url, document["type"]) == (URL, "scenario.step")
    assert document["data"] == {
        "lead_id": lead, "enrollment": enrollment.id, "scenario": "nurture", "version": 1, "step": "hook",
    }  # fmt: skip
    assert post.headers["webhook-signature"].startswith("v1,") and post.headers["webhook-id"] == post.message_id
    assert templates(world) == [SECOND]


def test_it_is_tried_again_with_the_same_id_and_the_lead_goes_on_meanwhile(world: QuickWorld) -> None:
    posts = answers(world, Transient("the webhook answered 503"), Transient("no answer"), 200)
    begun(world)
    world.advance(timedelta(minutes=6))
    assert templates(world) == [SECOND] and 1 <= len(posts) < 3
    world.advance(HOUR)
    assert len(posts) == 3 and len({post.message_id for post in posts}) == 1


@pytest.mark.parametrize(
    ("policy", "error", "tries", "ended"),
    [
        ("retry", Transient("the webhook answered 503"), 7, None),
        ("skip", Transient("the webhook answered 503"), 1, None),
        ("stop", Transient("the webhook answered 503"), 7, "error:hook"),
        ("retry", Invalid("this host is in a private network"), 1, None),
        ("stop", Invalid("the webhook answered 404"), 1, "error:hook"),
    ],
)
def test_what_never_arrives_follows_the_policy(
    world: QuickWorld, policy: str, error: Exception, tries: int, ended: str | None
) -> None:
    posts = answers(world, error)
    lead = begun(world, hook(on_error=policy), {"id": "wait", "wait": {"days": 5}})
    world.advance(timedelta(days=3))
    assert len(posts) == tries
    assert load_state(lead).enrollments["nurture"].ended == ended
    (said,) = reasons(world, "scenario_advanced")
    assert str(error) in said and said.startswith("hook v1: webhook failed")
    world.advance(timedelta(days=4))
    assert templates(world) == ([] if ended else [SECOND])


def test_a_host_that_is_silent_is_called_once_in_an_invocation_and_others_are_not_held_up(world: QuickWorld) -> None:
    publish(world, hook(), {"id": "other", "webhook": "https://other.example.com/x"})
    for number in range(3):
        world.join(f"p{number}@example.jp")
    calls: list[str] = []

    def deliver(post: Any) -> int:
        calls.append(post.url)
        if post.url == URL:
            raise Transient("no answer")
        return 200

    world.app.deliver_webhook = deliver
    world.advance(timedelta(minutes=5))
    assert calls.count(URL) == 1 and calls.count("https://other.example.com/x") == 3
    world.app.deliver_webhook = lambda post: calls.append("back") or 200
    world.advance(HOUR)
    assert calls.count("back") == 3


def test_an_erased_lead_is_not_posted(world: QuickWorld) -> None:
    posts = answers(world, Transient("no answer"), 200)
    lead = begun(world)
    world.advance(timedelta(minutes=4))
    tried = len(posts)
    for key in [key for key in world.table.items if key[0] == f"LEAD#{lead}"]:
        del world.table.items[key]
    world.advance(timedelta(days=2))
    assert len(posts) == tried


def test_a_crash_at_any_write_loses_no_post_and_makes_no_second_one(world: QuickWorld) -> None:
    leads = [begun(world), world.join("jiro@example.jp")]
    message, before = batch_of(*leads), dict(world.table.items)
    for crash in crash_points(world, at_least=3):
        world.table.items = dict(before)
        crash.call("email_sender", message)
        world.call("email_sender", message)
        planned = [json.loads(one["message"]) for one in world.items("due")]
        posts = [one["lead"] for one in planned if one["what"] == "webhook"]
        assert sorted(posts) == sorted(leads), crash.number


def test_a_crash_leaves_no_failed_post_whose_enrollment_goes_on(world: QuickWorld) -> None:
    """The endpoint may accept the next try; the enrollment is then right to go on."""
    lead = begun(world, hook(on_error="stop"), {"id": "wait", "wait": {"days": 5}})
    world.call("email_sender", batch_of(lead))
    world.now += timedelta(minutes=3)
    before = dict(world.table.items)
    for crash in crash_points(world, at_least=2):
        world.table.items = dict(before)
        answers(world, Invalid("the webhook answered 404"))
        crash.call("sales_followup", {})
        has_failed = any("webhook failed" in reason for reason in reasons(world, "scenario_advanced"))
        assert has_failed == (load_state(lead).enrollments["nurture"].ended == "error:hook"), crash.number


def test_a_repeated_message_posts_nothing_again(world: QuickWorld) -> None:
    posts = answers(world, 200)
    message = batch_of(begun(world))
    world.call("email_sender", message)
    world.call("email_sender", message)
    world.advance(HOUR)
    assert len(posts) == 1
