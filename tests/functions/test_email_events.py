"""SES events: any order, any number of copies and any transport give one result."""

import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from ses_simulator import envelopes, events
from ses_simulator.errors import Fault
from ses_simulator.message import Message
from sodate.email.events.apply_event import Policy, apply_event
from sodate.email.events.event import EmailEvent, parse_event

from tests.functions.quick import QuickWorld
from tests.support.world import Json, World

SAMPLES = Path(__file__).parents[2] / "events" / "ses"
NO_FAILURES: dict[str, list[Any]] = {"batchItemFailures": []}


def deliver(world: World, *bodies: str) -> None:
    """As messages of the queue of `email_events`, none of which may fail."""
    assert world.call("email_events", envelopes.sqs_event(bodies, world.now)) == NO_FAILURES


def step_mail_without_events(world: World) -> Message:
    """A step mail that SES accepted and has not reported on."""
    world.join()
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.advance(timedelta(days=1))
    found: Message = world.mails_to("taro@example.jp")[-1]
    return found


def send_of(world: World, message: Message) -> Json:
    (send,) = [i for i in world.items("send") if i["sk"] == f"SEND#{message.tags['send_id']}"]
    return send


def outcome(world: World, message: Message) -> Any:
    """Everything that depends on the events, as text, without the times at which we processed them."""
    send = deepcopy(send_of(world, message))
    send.pop("settled_at", None)
    state = world.state(message.tags["lead_id"])
    others = [i for i in world.items() if i["kind"] in ("activity", "consent", "suppression")]
    for item in others:
        if item["kind"] == "suppression":
            item.pop("at")
    return json.dumps([send, state, sorted(others, key=lambda i: (i["pk"], i["sk"]))], default=str, sort_keys=True)


def events_of(message: Message) -> dict[str, events.Event]:
    """One event of each kind, a second after the other."""

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
        "not spam": events.complaint(message, at(8), "not-spam"),
        "reject": events.reject(message),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("send", "delay", "out of office", "delivery", "open", "click"),
        ("send", "delivery", "open", "bounce", "complaint", "not spam"),
        ("out of office", "delivery", "click", "bounce", "complaint"),
        ("send", "reject", "delay"),
    ],
)
def test_every_order_of_the_events_of_an_email_ends_in_one_state(world: QuickWorld, names: Sequence[str]) -> None:
    message = step_mail_without_events(world)
    found = events_of(message)
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


def test_one_event_on_three_transports_and_in_both_formats_counts_once(world: World) -> None:
    message = step_mail_without_events(world)
    found = events_of(message)
    for name in ("delivery", "bounce", "complaint"):
        record = found[name]
        bridge = envelopes.eventbridge_event(record, world.now)
        deliver(
            world,
            json.dumps(record),
            json.dumps(envelopes.sns_notification(envelopes.message_text(record), world.now, 1)),
            json.dumps(envelopes.sns_notification(envelopes.message_text(record), world.now, 2)),
            json.dumps(bridge),
            json.dumps(events.as_notification(record)),
        )
    for _ in range(3):
        deliver(world, json.dumps(found["open"]), json.dumps(found["click"]), json.dumps(found["open"]))
    log = [i["type"] for i in world.items("activity")]
    assert [log.count(t) for t in ("mail_bounced", "mail_complained", "mail_opened", "mail_clicked")] == [1, 1, 1, 1]
    send = send_of(world, message)
    assert send["state"] == "complained"
    assert world.dead_letters() == []


def test_without_tags_the_send_is_found_by_address_and_message_id(world: World) -> None:
    message = step_mail_without_events(world)
    deliver(world, json.dumps(events.as_notification(events_of(message)["bounce"])))
    send = send_of(world, message)
    assert send["state"] == "bounced"
    assert world.state(message.tags["lead_id"])["blocked"] == "hard_bounce"


def test_an_event_settles_a_send_whose_answer_was_lost(world: World) -> None:
    world.join()
    world.ses.simulator.inject(Fault.ACCEPTED_THEN_TIMEOUT)
    world.ses.simulator.behaviour_for = lambda _: lambda message: []
    world.advance(timedelta(days=1))
    message = world.mails_to("taro@example.jp")[-1]
    send = send_of(world, message)
    assert send["state"] == "unknown"
    assert len(world.items("unknown")) == 1
    deliver(world, json.dumps(events_of(message)["delivery"]))
    send = send_of(world, message)
    assert (send["state"], send["message_id"]) == ("delivered", message.message_id)
    assert "reason" not in send


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_an_event_of_another_system_changes_nothing(world: World, path: Path) -> None:
    """Samples with foreign tags and addresses: acknowledged, or a dead letter with its reason."""
    world.join()
    before = json.dumps(world.items(), default=str, sort_keys=True)
    sample = json.loads(path.read_text(encoding="utf-8"))
    if "Records" in sample:
        assert world.call("email_events", sample) == NO_FAILURES
    else:
        deliver(world, json.dumps(sample))
    assert json.dumps(world.items(), default=str, sort_keys=True) == before
    letters = world.dead_letters()
    assert [letter["reason"] for letter in letters] == (
        ["the event claims to be of 9999"] if path.stem == "odd-year-9999" else []
    )


def test_a_poison_event_among_valid_ones_becomes_a_dead_letter_with_its_reason(world: World) -> None:
    message = step_mail_without_events(world)
    found = events_of(message)
    deliver(world, json.dumps(found["open"]), "not JSON", json.dumps(found["click"]), "[]", envelopes.VALIDATION_TEXT)
    assert [letter["reason"] for letter in world.dead_letters()] == [
        "the message is not JSON",
        "the message is not a JSON object",
    ]
    world.settle()
    assert {"mail_opened", "mail_clicked"} <= {i["type"] for i in world.items("activity")}


def test_an_event_of_an_email_to_sales_changes_nothing_of_the_lead(world: World) -> None:
    lead = world.join(title="経営者・役員", form="demo", phone="03-1234-5678")
    world.settle()
    mail = world.mails_to("sato@example.jp")[-1]
    assert mail.tags["lead_id"] == lead
    for name in ("open", "bounce", "complaint"):
        if name != "open" or mail.links:
            record = {"open": events.opened, "bounce": events.bounce, "complaint": events.complaint}[name](
                mail, mail.at
            )
            deliver(world, json.dumps(record))
    assert "blocked" not in world.state(lead)
    assert world.items("suppression") == []


def test_a_later_report_of_an_earlier_event_never_improves_the_state(world: World) -> None:
    message = step_mail_without_events(world)
    found = events_of(message)
    for name, state in (
        ("bounce", "bounced"),
        ("delivery", "bounced"),
        ("complaint", "complained"),
        ("send", "complained"),
    ):
        deliver(world, json.dumps(found[name]))
        send = send_of(world, message)
        assert send["state"] == state, name
