"""The samples in events/ses, the simulator's builders and SES's published list of types say the same."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from ses_simulator import envelopes, events
from ses_simulator.events import EVENT_TYPES
from ses_simulator.message import Message

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
MESSAGE = Message(
    "id-1", AT, "news@mail.example.jp", ("taro@example.jp",), "件名", "", "", configuration_set="sodate-dev"
)
BUILT = {
    "send": events.send(MESSAGE),
    "reject": events.reject(MESSAGE),
    "bounce": events.bounce(MESSAGE, AT),
    "complaint": events.complaint(MESSAGE, AT),
    "delivery": events.delivery(MESSAGE, AT),
    "open": events.opened(MESSAGE, AT),
    "click": events.clicked(MESSAGE, AT, "https://example.jp/"),
    "rendering-failure": events.rendering_failure(MESSAGE, "t", "why"),
    "delivery-delay": events.delivery_delay(MESSAGE, AT),
    "subscription": events.subscription(MESSAGE, AT),
}
# Seen in the field, not made by the simulator.
SOMETIMES = {"remoteMtaIp"}


def sample(root: Path, name: str) -> Any:
    return json.loads((root / "events" / "ses" / f"{name}.json").read_text(encoding="utf-8"))


def body_of(event: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any]
    (body,) = (value for key, value in event.items() if key not in ("eventType", "notificationType", "mail"))
    return body


@pytest.mark.parametrize("name", BUILT)
def test_a_built_event_has_the_members_of_its_sample(name: str, root: Path) -> None:
    real, built = sample(root, name), BUILT[name]
    assert set(built) == set(real)
    assert set(built["mail"]) == set(real["mail"])
    assert set(body_of(built)) == set(body_of(real)) - SOMETIMES


def test_there_is_a_builder_for_each_type_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("sesv2")
    published = set(model.shape_for("EventType").enum)
    ours = {re.sub(r"(?<=[a-z])(?=[A-Z])| ", "_", name).upper() for name in EVENT_TYPES}
    assert ours == published
    assert {event["eventType"] for event in BUILT.values()} == set(EVENT_TYPES)
    assert set(envelopes.DETAIL_TYPES) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", ["bounce", "complaint", "delivery"])
def test_the_old_notification_has_another_key_and_no_tags(name: str, root: Path) -> None:
    real, built = sample(root, f"notification-{name}"), events.as_notification(BUILT[name])
    assert set(built) == set(real)
    assert "tags" not in real["mail"]
    assert "tags" not in built["mail"]
    assert built["notificationType"] == name.capitalize()


def test_there_is_no_old_notification_of_an_open() -> None:
    with pytest.raises(ValueError, match="no feedback notification"):
        events.as_notification(BUILT["open"])


def test_an_sns_message_ends_with_a_line_feed_and_a_repeat_has_another_id(root: Path) -> None:
    wrapped = sample(root, "sns-delivery")
    assert wrapped["Message"].endswith("}\n")
    assert json.loads(wrapped["Message"])["eventType"] == "Delivery"
    text = envelopes.message_text(BUILT["delivery"])
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    first, second = (envelopes.sns_notification(text, AT, number) for number in (1, 2))
    assert set(first) == set(wrapped)
    assert first["Message"] == second["Message"]
    assert first["MessageId"] != second["MessageId"]


def test_the_queue_event_holds_notifications_that_hold_events(root: Path) -> None:
    real = sample(root, "sqs-sns-delivery-and-click")
    kinds = [json.loads(json.loads(record["body"])["Message"])["eventType"] for record in real["Records"]]
    assert kinds == ["Delivery", "Click"]
    built = envelopes.sqs_event_of([BUILT["send"]], AT)
    assert set(built["Records"][0]) == set(real["Records"][0])


def test_the_eventbridge_envelope_is_that_of_its_sample(root: Path) -> None:
    real, built = sample(root, "eventbridge-bounce"), envelopes.eventbridge_event(BUILT["bounce"], AT)
    assert set(built) == set(real)
    assert (built["source"], built["detail-type"]) == ("aws.ses", "Email Bounced")


def test_the_validation_message_is_not_json(root: Path) -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(sample(root, "sns-validation")["Message"])


def test_every_sample_is_named_in_the_readme_and_uses_reserved_names_only(root: Path) -> None:
    folder = root / "events" / "ses"
    described = set(re.findall(r"`([a-z0-9*-]+)`", (folder / "README.md").read_text(encoding="utf-8")))
    for path in folder.glob("*.json"):
        name = path.stem
        assert name in described or any(one.endswith("*") and name.startswith(one[:-1]) for one in described), name
        domains = re.findall(r"[\w.+-]+@([\w.-]+)", path.read_text(encoding="utf-8"))
        assert all(domain.lower().endswith(("example.jp", "example.com")) for domain in domains), name
    files = {path.stem for path in folder.glob("*.json")}
    assert {name for name in described if re.fullmatch(r"[a-z-]+", name) and "-" in name} <= files
