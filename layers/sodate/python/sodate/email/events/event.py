"""Parses SES events in every envelope: event publishing or the older notifications; raw, in SNS or in EventBridge.

AWS may add types and fields: unknown ones are counted and acknowledged, and never change a lead.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sodate.activities.activity import activity_key
from sodate.consent.links import without_visitor
from sodate.email.events.automated import is_automated
from sodate.errors import Invalid

#: SES type → state of the ledger. `Send` confirms the sender's write; opens and clicks are activities, not states.
LEDGER_STATE = {
    "Send": "sent",
    "Delivery": "delivered",
    "DeliveryDelay": "delayed",
    "Reject": "rejected",
    "Rendering Failure": "rejected",
}
ENGAGEMENT = {"Open": "mail_opened", "Click": "mail_clicked"}
#: A change of SES's own topic preferences. Our own consent records decide, so it is only counted.
COUNTED_ONLY = {"Subscription"}
KNOWN = set(LEDGER_STATE) | set(ENGAGEMENT) | COUNTED_ONLY | {"Bounce", "Complaint"}

#: Sub-types that AWS adds later (for example Auto Validation) are recorded and block no lead until we decide on them.
_ADDRESS_IS_DEAD = {None, "General", "NoEmail", "Suppressed", "OnAccountSuppressionList"}

_BODY = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_EARLIEST, _LATEST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Client:
    """What made the request of an open or click, as far as SES says. Personal: read by the classifier, never stored."""

    address: str = ""
    user_agent: str = ""
    method: str = ""
    is_automated: bool = False
    """SES says that no person did it."""


@dataclass(frozen=True)
class EmailEvent:
    type: str
    message_id: str
    at: datetime
    recipients: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    bounce_type: str | None = None
    sub_type: str | None = None
    feedback_type: str | None = None
    feedback_id: str | None = None
    link: str | None = None
    diagnostic: str | None = None
    client: Client | None = None
    """Of an open or click."""
    taken_at: datetime | None = None
    """When SES accepted the email; None when the event does not contain it."""

    @property
    def key(self) -> str:
        """Idempotency key: equal for one event on any transport; each transport has its own SNS message id."""
        fact = self.feedback_id or self.link or self.at.isoformat()
        moment = self.at.isoformat() if self.link else None
        return activity_key(self.message_id, self.type, ",".join(sorted(self.recipients)), fact, moment)

    @property
    def suppresses(self) -> str | None:
        """Why this address must never be emailed again, or None.

        A `not-spam` report is no complaint, an out-of-office reply is a transient bounce, and a complaint with a
        sub-type comes from SES's own suppression list, whose entry was applied before.
        """
        if self.type == "Bounce" and self.bounce_type == "Permanent" and self.sub_type in _ADDRESS_IS_DEAD:
            return "hard_bounce"
        if self.type == "Complaint" and self.feedback_type != "not-spam" and self.sub_type is None:
            return "complaint"
        return None


@dataclass(frozen=True)
class Ignored:
    """Acknowledged without effect; `reason` is a metric name."""

    reason: str


def parse_event(text: str) -> EmailEvent | Ignored:
    """Parse one message.

    Raises: `Invalid` for a malformed event; it goes to the dead-letter queue for an operator.
    """
    unwrapped = _unwrap(text)
    if isinstance(unwrapped, Ignored):
        return unwrapped
    record, sent = unwrapped
    kind = record.get("eventType") or record.get("notificationType")
    if not isinstance(kind, str):
        return Ignored("NoEventType")
    kind = {"Rendering failure": "Rendering Failure", "RenderingFailure": "Rendering Failure"}.get(kind, kind)
    if kind not in KNOWN:
        return Ignored("UnknownEventType")
    mail = record.get("mail")
    if not isinstance(mail, dict) or not isinstance(mail.get("messageId"), str):
        return Ignored("NoMailInEvent")
    body = record.get(_BODY.get(kind, kind.lower()))
    return _event(kind, mail, body if isinstance(body, dict) else {}, sent)


def _event(kind: str, mail: dict[str, Any], body: dict[str, Any], sent: object) -> EmailEvent | Ignored:
    """`sent`: time of the envelope, for types without a time of their own (Rendering Failure)."""
    recipients = _recipients(kind, mail, body)
    if not recipients:
        return Ignored("NoRecipient")
    if len(recipients) > 1:
        return Ignored("SeveralRecipients")  # every email of ours has one, so this is not ours
    return EmailEvent(
        type=kind,
        message_id=mail["messageId"],
        at=_time(body.get("timestamp") or mail.get("timestamp") or sent),
        recipients=recipients,
        tags=_tags(mail),
        bounce_type=_text(body.get("bounceType")),
        sub_type=_text(body.get("complaintSubType") if kind == "Complaint" else body.get("bounceSubType")),
        feedback_type=_text(body.get("complaintFeedbackType")),
        feedback_id=_text(body.get("feedbackId")),
        link=_link(body.get("link")),
        diagnostic=_diagnostic(kind, body),
        client=client_of(body) if kind in ENGAGEMENT else None,
        taken_at=_time_or_none(mail.get("timestamp")),
    )


def _link(value: object) -> str | None:
    link = _text(value)
    return None if link is None else without_visitor(link)


def client_of(body: dict[str, Any]) -> Client:
    method = body.get("method") or body.get("httpMethod") or body.get("requestMethod")
    return Client(
        address=_text(body.get("ipAddress")) or "",
        user_agent=_text(body.get("userAgent")) or "",
        method=(_text(method) or "").upper()[:10],
        is_automated=is_automated(body),
    )


def _unwrap(text: str) -> tuple[dict[str, Any], object] | Ignored:
    """Removes SNS and EventBridge envelopes. Returns the event and the time of the innermost envelope.

    The plain-text message that SES sends when a topic is set up is acknowledged.
    """
    sent: object = None
    for _ in range(3):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            if text.startswith("Successfully validated SNS topic"):
                return Ignored("ValidationMessage")
            raise Invalid("the message is not JSON", "event") from None
        if not isinstance(record, dict):
            raise Invalid("the message is not a JSON object", "event")
        if isinstance(record.get("detail"), dict) and "detail-type" in record:
            return dict(record["detail"]), record.get("time") or sent
        if isinstance(record.get("Message"), str) and "TopicArn" in record:
            text, sent = record["Message"], record.get("Timestamp")
            continue
        return record, sent
    raise Invalid("envelopes inside envelopes", "event")


def _recipients(kind: str, mail: dict[str, Any], body: dict[str, Any]) -> tuple[str, ...]:
    named = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "DeliveryDelay": "delayedRecipients"}
    entries = body.get(named.get(kind, "recipients")) or mail.get("destination") or []
    if not isinstance(entries, list):
        return ()
    addresses = [entry.get("emailAddress") if isinstance(entry, dict) else entry for entry in entries]
    return tuple(address for address in addresses if isinstance(address, str) and address)


def _tags(mail: dict[str, Any]) -> dict[str, str]:
    """Event publishing has lists of tags; old notifications have none, but may have our `X-Sodate-Send` header."""
    tags = mail.get("tags")
    first_values: dict[str, str] = {}
    if isinstance(tags, dict):
        for name, values in tags.items():
            if isinstance(values, list) and values and isinstance(values[0], str):
                first_values[str(name)] = values[0]
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("name", "")).lower() == "x-sodate-send":
            first_values.setdefault("send_id", str(header.get("value")))
    return first_values


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise Invalid(f"no readable time in the event: {str(value)[:40]!r}", "event") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST < at < _LATEST:
        raise Invalid(f"the event claims to be of {at.year}", "event")
    return at.astimezone(UTC)


def _time_or_none(value: object) -> datetime | None:
    try:
        return _time(value)
    except Invalid:
        return None


def _diagnostic(kind: str, body: dict[str, Any]) -> str | None:
    """Only a Reject reason or a rendering error: a bounce's diagnostic text may quote the address."""
    return _text(body.get("reason")) if kind == "Reject" else _text(body.get("errorMessage"))


def _text(value: object) -> str | None:
    return value[:500] if isinstance(value, str) and value else None
