"""A hot lead reaches its owner once by email and at least once by a signed POST; failures are recorded."""

import base64
import hashlib
import hmac
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sodate.errors import Invalid, Transient
from sodate.playbook.store import Definitions
from sodate.queries.explanation import explanation
from sodate.runtime.readers import must_read
from sodate_cli.lead_letter import signal_sentence
from sodate_cli.times import Times

from tests.functions.sales import SATO, SLACK, lead, rise, sales
from tests.support.world import World


def hot(world: World, **fields: Any) -> str:
    """A demo request by a decision maker is hot at once."""
    return world.join("boss@example.jp", form="demo", title="経営者・役員", phone="03-1234-5678", **fields)


def event(world: World) -> dict[str, Any]:
    (detail,) = [e for e in world.bus if e["DetailType"] == "LeadBecameHot"]
    return {"detail-type": "LeadBecameHot", "detail": json.loads(detail["Detail"])}


def handoffs(world: World) -> list[dict[str, Any]]:
    return [send for send in world.items("send") if send["name"] == "handoff"]


def test_a_redelivered_event_repeats_nothing_that_was_done(world: World) -> None:
    hot(world)
    assert len(world.webhooks) == 1
    for _ in range(3):
        assert world.call("sales_handoff", event(world)) == {"done": "mail"}
    world.settle()
    assert (len(handoffs(world)), len(world.webhooks), len(world.mails_to("sato@example.jp"))) == (1, 1, 1)


def test_a_failing_webhook_is_retried_without_a_second_email(world: World) -> None:
    replies: list[Any] = [Transient("the sales webhook answered 503"), Transient("no answer"), 200]
    posts: list[Any] = []

    def deliver(post: Any) -> int:
        posts.append(post)
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return int(reply)

    world.app.deliver_webhook = deliver
    for _ in range(2):
        with pytest.raises(Transient):
            hot(world) if not world.bus or not handoffs(world) else world.call("sales_handoff", event(world))
    assert world.call("sales_handoff", event(world)) == {"done": "mail_and_webhook"}
    world.settle()
    assert len({post.message_id for post in posts}) == 1, "the receiver can tell a repeat"
    assert (len(handoffs(world)), len(world.mails_to("sato@example.jp"))) == (1, 1)
    (signal,) = world.items("signal")
    assert signal["notifications"]["webhook"]["status"] == "200"


def test_a_permanent_webhook_failure_is_recorded_and_the_email_is_sent(world: World) -> None:
    def deliver(post: Any) -> int:
        raise Invalid("the sales webhook answered 404; check `sales.webhook.url`", "webhook")

    world.app.deliver_webhook = deliver
    with pytest.raises(Invalid):
        hot(world)
    world.settle()
    (signal,) = world.items("signal")
    assert "404" in signal["notifications"]["webhook"]["status"]
    assert "at" not in signal["notifications"]["webhook"]
    assert len(world.mails_to("sato@example.jp")) == 1


def test_the_first_assignment_that_fits_chooses_the_owner_and_an_owner_stays(world: World) -> None:
    lead = hot(world, employees="1000+")
    assert len(world.mails_to("tanaka@example.jp")) == 1
    (profile,) = [p for p in world.items("profile") if p["pk"] == f"LEAD#{lead}"]
    assert profile["owner"] == "tanaka"
    definitions = Definitions()
    body = definitions.live("sales").body
    definitions.publish("sales", "default", {**body, "assignments": []}, world.now)
    world.call("sales_handoff", event(world))
    (profile,) = [p for p in world.items("profile") if p["pk"] == f"LEAD#{lead}"]
    assert profile["owner"] == "tanaka"


def test_22_untrusted_text_is_escaped_for_slack_and_html(world: World) -> None:
    hot(world, name="<!channel> <https://evil.example|click> & <svg onload=x>", company="*_~`{{7*7}}")
    (post,) = world.webhooks
    payload = json.loads(post.body)
    said = json.dumps(payload, ensure_ascii=False)
    assert "<!channel>" not in said
    assert "<https://evil" not in said
    assert "&lt;!channel&gt;" in payload["text"]
    assert all(len(block["text"]["text"]) <= 3000 for block in payload["blocks"])
    (mail,) = world.mails_to("sato@example.jp")
    assert "<svg" not in mail.html
    assert "{{7*7}}" in mail.text
    assert "\n" not in mail.subject


def test_the_post_is_signed_over_id_time_and_body(world: World) -> None:
    hot(world)
    (post,) = world.webhooks
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    wanted = base64.b64encode(hmac.new(b"a-webhook-key", signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{wanted}"


@pytest.mark.parametrize("detail", [{}, {"lead_id": "x"}, {"signal": "SIGNAL#1"}, None])
def test_an_event_without_its_parts_is_rejected(world: World, detail: Any) -> None:
    with pytest.raises(Invalid):
        world.call("sales_handoff", {"detail-type": "LeadBecameHot", "detail": detail})


def test_explain_shows_owner_and_channels_and_which_of_them_is_failing(world: World) -> None:
    """`leads explain` shows a webhook that fails for days."""
    sales(world, SATO, webhook={"url": "https://sink.example.jp/hook"}, channels={"slack": SLACK})

    def down(post: Any) -> int:
        if "slack" in post.url:
            return 200
        raise Transient("the sales webhook did not answer: ConnectTimeoutError")

    world.app.deliver_webhook = down
    lead_id = lead(world, "taro")
    event = rise(world, lead_id)
    (before,) = explanation(Definitions(reads=must_read), lead_id, world.now)["told"]
    assert (before["owner"], before["channels"]) == (None, {})
    with pytest.raises(Transient):
        world.call("sales_handoff", event)
    world.bus.clear()
    (channel_state,) = explanation(Definitions(reads=must_read), lead_id, world.now)["told"]
    assert (channel_state["owner"], channel_state["because"], channel_state["answer"]) == (
        "sato",
        "default_owner",
        None,
    )
    assert channel_state["channels"]["webhook"] == "FAILING: the sales webhook did not answer: ConnectTimeoutError"
    assert channel_state["channels"]["slack"].startswith("told 2026-11-24T02:00Z")
    assert channel_state["channels"]["mail"] == "planned"
    assert "FAILING" in signal_sentence(channel_state, Times(ZoneInfo("Asia/Tokyo")))
