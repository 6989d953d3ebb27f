"""Every sample of events/ses, in every envelope, with fields missing and added: parsed, or rejected with a reason."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_simulator import envelopes
from ses_simulator.events import EVENT_TYPES
from sodate.email.events.apply_event import ledger_state
from sodate.email.events.event import EmailEvent, Ignored, parse_event
from sodate.errors import Invalid

SAMPLES = Path(__file__).parents[3] / "events" / "ses"
AT = datetime(2026, 11, 24, tzinfo=UTC)
TYPES = (
    "send", "reject", "bounce", "complaint", "delivery", "open", "click", "rendering-failure", "delivery-delay",
    "subscription",
)  # fmt: skip


def load(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def read(record: Any) -> EmailEvent:
    event = parse_event(record if isinstance(record, str) else json.dumps(record))
    assert isinstance(event, EmailEvent), event
    return event


def envelopes_of(record: Any) -> dict[str, str]:
    sns = envelopes.sns_notification(envelopes.message_text(record), AT)
    texts = {"raw": json.dumps(record), "raw with a line feed": envelopes.message_text(record), "sns": json.dumps(sns)}
    if "eventType" in record:
        bridge = envelopes.eventbridge_event(record, AT)
        texts |= {"bridge": json.dumps(bridge)}
        texts |= {"bridge in sns": json.dumps(envelopes.sns_notification(json.dumps(bridge), AT))}
    return texts


@pytest.mark.parametrize("name", [*TYPES, "notification-bounce", "notification-complaint", "notification-delivery"])
def test_a_type_reads_the_same_in_every_envelope(name: str) -> None:
    record = load(name)
    events = [read(text) for text in envelopes_of(record).values()]
    assert len({event.key for event in events}) == 1
    assert len({(event.type, event.message_id, event.at, event.recipients) for event in events}) == 1
    assert events[0].type == record.get("eventType", record.get("notificationType"))
    assert events[0].type in EVENT_TYPES
    assert len(events[0].recipients) == 1


@pytest.mark.parametrize("name", ["bounce", "complaint", "delivery"])
def test_both_formats_of_one_fact_have_one_key(name: str) -> None:
    record = load(name)
    old = {"notificationType": record["eventType"], **{k: v for k, v in record.items() if k != "eventType"}}
    old["mail"] = {k: v for k, v in record["mail"].items() if k != "tags"}
    assert read(old).key == read(record).key
    assert "lead_id" in read(record).tags
    assert "lead_id" not in read(old).tags


@pytest.mark.parametrize(
    ("name", "suppresses", "ledger"),
    [
        ("bounce", "hard_bounce", "bounced"),
        ("bounce-on-account-suppression-list", "hard_bounce", "bounced"),
        ("bounce-out-of-office", None, "soft_bounced"),
        ("bounce-mailbox-full", None, "soft_bounced"),
        ("bounce-undetermined", None, "soft_bounced"),
        ("bounce-unknown-subtype", None, "bounced"),
        ("complaint", "complaint", "complained"),
        ("complaint-without-feedback-type", "complaint", "complained"),
        ("complaint-not-spam", None, None),
        ("complaint-on-account-suppression-list", None, None),
        ("click-link-tags-null", None, "delivered"),
        ("open", None, "delivered"),
        ("send", None, "sent"),
        ("delivery", None, "delivered"),
        ("delivery-delay", None, "delayed"),
        ("reject", None, "rejected"),
        ("rendering-failure", None, "rejected"),
        ("subscription", None, None),
    ],
)
def test_what_each_sample_means(name: str, suppresses: str | None, ledger: str | None) -> None:
    event = read(load(name))
    assert (event.suppresses, ledger_state(event)) == (suppresses, ledger)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("odd-unknown-type", "UnknownEventType"),
        ("odd-missing-mail", "NoMailInEvent"),
        ("odd-no-recipients", "NoRecipient"),
        ("odd-fifty-recipients", "SeveralRecipients"),
    ],
)
def test_64_odd_events_are_acknowledged_with_a_reason(name: str, reason: str) -> None:
    for text in envelopes_of(load(name)).values() if "eventType" not in load(name) else [json.dumps(load(name))]:
        assert parse_event(text) == Ignored(reason)


def test_64_an_event_of_the_year_9999_is_rejected() -> None:
    with pytest.raises(Invalid, match="9999"):
        parse_event(json.dumps(load("odd-year-9999")))


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "1", "null", '"x"', "[" * 100_000, '{"a":1} x'])
def test_64_a_message_that_is_no_json_object_is_rejected(text: str) -> None:
    with pytest.raises(Invalid):
        parse_event(text)


def test_the_validation_message_of_ses_is_acknowledged() -> None:
    assert parse_event(envelopes.VALIDATION_TEXT) == Ignored("ValidationMessage")
    assert parse_event(json.dumps(load("sns-validation"))) == Ignored("ValidationMessage")


@pytest.mark.parametrize(
    "name",
    ["odd-truncated-headers", "odd-headers-absent", "odd-added-fields", "odd-other-case-and-no-diagnostic-code",
     "odd-timestamps-with-offset-and-without-milliseconds", "odd-hostile-diagnostic-code", "odd-without-our-tags"],
)  # fmt: skip
def test_unusual_parts_of_a_good_event_do_not_matter(name: str) -> None:
    event = read(load(name))
    assert event.at.tzinfo is not None
    assert "svg" not in str(event.diagnostic)


def test_without_tags_our_own_header_names_the_send() -> None:
    record = load("delivery")
    del record["mail"]["tags"]
    record["mail"]["headers"] = [{"name": "X-Sodate-Send", "value": "abc"}, "odd", {"name": None}]
    assert read(record).tags == {"send_id": "abc"}


def test_no_part_of_a_bounce_may_carry_the_address_into_the_ledger() -> None:
    record = load("bounce")
    record["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = "550 taro.yamada@example.jp unknown"
    assert read(record).diagnostic is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from([*TYPES, "notification-bounce"]), data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_member_may_be_missing_or_of_any_shape(name: str, data: st.DataObject) -> None:
    """Parsed, ignored or rejected, for any content: never another exception."""
    record = load(name)
    target = data.draw(st.sampled_from([record, record["mail"], *(v for v in record.values() if isinstance(v, dict))]))
    key = data.draw(st.sampled_from(sorted(target) or ["x"]))
    if data.draw(st.booleans()):
        target.pop(key, None)
    else:
        target[key] = data.draw(JSON)
    try:
        event = parse_event(json.dumps(record))
    except Invalid:
        return
    assert isinstance(event, EmailEvent | Ignored)
    if isinstance(event, EmailEvent):
        assert len(event.key) == 16
        ledger_state(event)


@pytest.mark.parametrize("envelope", ["sns", "bridge"])
def test_an_event_without_a_time_has_that_of_its_envelope(envelope: str) -> None:
    """A Rendering Failure may have no time; it must not become a dead letter."""
    record = load("rendering-failure")
    record["mail"].pop("timestamp")
    record["failure"].pop("timestamp", None)
    assert read(envelopes_of(record)[envelope]).at == AT
    with pytest.raises(Invalid, match="no readable time"):
        parse_event(json.dumps(record))


def test_an_event_s_own_time_counts_more_than_that_of_its_envelope() -> None:
    event = read(envelopes_of(load("rendering-failure"))["sns"])
    assert event.at != AT
