"""SES events through the handler: any order, any number of copies, any transport, one result."""

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from ses_simulator import envelopes, events
from ses_simulator.message import Message
from sodate.email.events.apply_event import Policy, apply_event
from sodate.email.events.event import EmailEvent, parse_event

from tests.functions.quick import QuickWorld
from tests.support.world import World

SAMPLES = Path(__file__).parents[2] / "events" / "ses"
NO_FAILURES: dict[str, list[Any]] = {"batchItemFailures": []}


def give(world: World, *bodies: str) -> None:
    assert world.call("email_events", envelopes.sqs_event(bodies, world.now)) == NO_FAILURES


def sent(world: World) -> Message:
    """A step mail whose events are still to come."""
    world.join()
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.advance(timedelta(days=1))
    found: Message = world.mails_to("taro@example.jp")[-1]
    return found


def outcome(world: World, message: Message) -> Any:
    """All that the order of events could have changed; times of our own reading are left out."""
    send = next(deepcopy(i) for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}")
    send.pop("settled_at", None)
    state = world.state(message.tags["lead_id"])
    others = [i for i in world.items() if i["kind"] in ("activity", "consent", "suppression")]
    for item in others:
        if item["kind"] == "suppression":
            item.pop("at")
    return json.dumps([send, state, sorted(others, key=lambda i: (i["pk"], i["sk"]))], default=str, sort_keys=True)


def life(message: Message) -> dict[str, events.Event]:
    def at(seconds: int) -> Any:
        return message.at + timedelta(seconds=seconds)

    return {
        "send": events.send(message),
        "delay": events.delivery_delay(message, at(1)),
        "out of office": events.bounce(message, at(2), "Transient", "General", "f1"),
        "delivery": events.delivery(message, at(3)),
        "open": events.opened(message, at(4)),
        "click": events.clicked(message, at(5), message.links[0]),
        "bounce": events.bounce(message, at(6), "Permanent", "General", "f2"),
        "complaint": events.complaint(message, at(7)),
        "praise": events.complaint(message, at(8), "not-spam"),
        "reject": events.reject(message),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("send", "delay", "out of office", "delivery", "open", "click"),
        ("send", "delivery", "open", "bounce", "complaint", "praise"),
        ("out of office", "delivery", "click", "bounce", "complaint"),
        ("send", "reject", "delay"),
    ],
)
def test_every_order_of_the_events_of_a_mail_ends_in_one_state(world: QuickWorld, names: Sequence[str]) -> None:
    message = sent(world)
    found = life(message)
    parsed = [parse_event(json.dumps(found[name])) for name in names]
    before, results = dict(world.table.items), {}
    for order in permutations(parsed):
        world.table.items = dict(before)
        for event in order:
            assert isinstance(event, EmailEvent)
            apply_event(event, world.app.secrets.key_of_address, Policy(), world.now)
            apply_event(event, world.app.secrets.key_of_address, Policy(), world.now)
        results[outcome(world, message)] = [event.type for event in order if isinstance(event, EmailEvent)]
    assert len(results) == 1, list(results.values())


def test_one_fact_on_three_transports_and_in_both_formats_counts_once(world: World) -> None:
    message = sent(world)
    found = life(message)
    for name in ("delivery", "bounce", "complaint"):
        record = found[name]
        bridge = envelopes.eventbridge_event(record, world.now)
        give(
            world,
            json.dumps(record),
            json.dumps(envelopes.sns_notification(envelopes.message_text(record), world.now, 1)),
            json.dumps(envelopes.sns_notification(envelopes.message_text(record), world.now, 2)),
            json.dumps(bridge),
            json.dumps(events.as_notification(record)),
        )
    for _ in range(3):
        give(world, json.dumps(found["open"]), json.dumps(found["click"]), json.dumps(found["open"]))
    log = [i["type"] for i in world.items("activity")]
    assert [log.count(t) for t in ("mail_bounced", "mail_complained", "mail_opened", "mail_clicked")] == [1, 1, 1, 1]
    (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
    assert send["state"] == "complained"
    assert world.dead_letters() == []


def test_without_tags_the_send_is_found_by_address_and_message_id(world: World) -> None:
    message = sent(world)
    give(world, json.dumps(events.as_notification(life(message)["bounce"])))
    (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
    assert send["state"] == "bounced"
    assert world.state(message.tags["lead_id"])["blocked"] == "hard_bounce"


def test_an_event_heals_a_send_whose_answer_was_lost(world: World) -> None:
    from ses_simulator.errors import Fault

    world.join()
    world.ses.simulator.inject(Fault.ACCEPTED_THEN_TIMEOUT)
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.advance(timedelta(days=1))
    message = world.mails_to("taro@example.jp")[-1]
    (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
    assert send["state"] == "unknown"
    assert len(world.items("unknown")) == 1
    give(world, json.dumps(life(message)["delivery"]))
    (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
    assert (send["state"], send["message_id"]) == ("delivered", message.message_id)
    assert "reason" not in send


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_64_no_sample_of_a_stranger_changes_anything_of_ours(world: World, path: Path) -> None:
    """Their tags and addresses are not ours: acknowledged or in the dead-letter queue with a reason, nothing else."""
    world.join()
    before = json.dumps(world.items(), default=str, sort_keys=True)
    sample = json.loads(path.read_text(encoding="utf-8"))
    if "Records" in sample:
        assert world.call("email_events", sample) == NO_FAILURES
    else:
        give(world, json.dumps(sample))
    assert json.dumps(world.items(), default=str, sort_keys=True) == before
    letters = world.dead_letters()
    assert [letter["reason"] for letter in letters] == (
        ["the event claims to be of 9999"] if path.stem == "odd-year-9999" else []
    )


def test_a_poison_event_among_healthy_ones_is_buried_alone_with_its_reason(world: World) -> None:
    message = sent(world)
    found = life(message)
    give(world, json.dumps(found["open"]), "not JSON", json.dumps(found["click"]), "[]", envelopes.VALIDATION_TEXT)
    assert [letter["reason"] for letter in world.dead_letters()] == [
        "the message is not JSON",
        "the message is not a JSON object",
    ]
    assert {"mail_opened", "mail_clicked"} <= {i["type"] for i in world.items("activity")}


def test_an_event_about_the_mail_to_sales_says_nothing_about_the_lead(world: World) -> None:
    lead = world.join(title="経営者・役員", form="demo", phone="03-1234-5678")
    world.settle()
    mail = world.mails_to("sato@example.jp")[-1]
    assert mail.tags["lead_id"] == lead
    for name in ("open", "bounce", "complaint"):
        if name != "open" or mail.links:
            record = {"open": events.opened, "bounce": events.bounce, "complaint": events.complaint}[name](
                mail, mail.at
            )
            give(world, json.dumps(record))
    assert "blocked" not in world.state(lead)
    assert world.items("suppression") == []


def test_a_worse_end_is_never_bettered_by_an_earlier_fact(world: World) -> None:
    message = sent(world)
    found = life(message)
    for name, state in (
        ("bounce", "bounced"),
        ("delivery", "bounced"),
        ("complaint", "complained"),
        ("send", "complained"),
    ):
        give(world, json.dumps(found[name]))
        (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
        assert send["state"] == state, name
