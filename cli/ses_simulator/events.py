"""The ten event types in SES's event-publishing format, and the three of the older notification format.

Field names follow the SES developer guide ("Contents of event data that Amazon SES publishes to Amazon SNS").
A builder takes the message and the moment and returns plain JSON; who publishes it, and how often, is not its business.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from ses_simulator.message import Message

Event = dict[str, Any]

EVENT_TYPES = (
    "Send", "Reject", "Bounce", "Complaint", "Delivery", "Open", "Click", "Rendering Failure", "DeliveryDelay",
    "Subscription",
)  # fmt: skip
ACCOUNT_ID = "123456789012"
REGION = "ap-northeast-1"
ADDRESS = "198.51.100.7"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"


def stamp(at: datetime) -> str:
    """A moment as SES writes it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mail_object(message: Message, *, with_tags: bool = True) -> dict[str, Any]:
    """The `mail` member; the old notification format has no tags."""
    to = list(message.recipients)
    headers = [("From", message.source), ("To", ", ".join(to)), ("Subject", message.subject), *message.headers]
    mail: dict[str, Any] = {
        "timestamp": stamp(message.at),
        "source": message.source,
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT_ID}:identity/{_domain(message.source)}",
        "sendingAccountId": ACCOUNT_ID,
        "messageId": message.message_id,
        "destination": to,
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in (*headers, ("MIME-Version", "1.0"))],
        "commonHeaders": {
            "from": [message.source],
            "to": to,
            "messageId": message.message_id,
            "subject": message.subject,
        },
    }
    if with_tags:
        mail["tags"] = _tags(message)
    return mail


def _tags(message: Message) -> dict[str, list[str]]:
    tags = {
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": [message.configuration_set or ""],
        "ses:source-ip": ["192.0.2.10"],
        "ses:from-domain": [_domain(message.source)],
        "ses:caller-identity": ["email_sender"],
    }
    return tags | {name: [value] for name, value in message.tags.items()}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip("> ")


def event(event_type: str, message: Message, body: dict[str, Any]) -> Event:
    """An event-publishing record; the body's key is lower camel case, except for Rendering Failure."""
    key = "failure" if event_type == "Rendering Failure" else event_type[0].lower() + event_type[1:]
    return {"eventType": event_type, "mail": mail_object(message), key: body}


def send(message: Message) -> Event:
    return event("Send", message, {})


def reject(message: Message) -> Event:
    return event("Reject", message, {"reason": "Bad content"})


def delivery(message: Message, at: datetime) -> Event:
    body = {
        "timestamp": stamp(at),
        "processingTimeMillis": max(0, int((at - message.at) / timedelta(milliseconds=1))),
        "recipients": list(message.recipients),
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "e234-1.smtp-out.ap-northeast-1.amazonses.com",
    }
    return event("Delivery", message, body)


_BOUNCE_DETAIL = {
    ("Permanent", "General"): ("failed", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    ("Permanent", "NoEmail"): ("failed", "5.1.1", "smtp; 550 5.1.1 no such mailbox"),
    ("Transient", "MailboxFull"): ("failed", "4.2.2", "smtp; 452 4.2.2 mailbox full"),
}


def bounce(
    message: Message, at: datetime, kind: str = "Permanent", subtype: str = "General", feedback: str = ""
) -> Event:
    """A bounce of every recipient. Out-of-office replies are Transient/General and carry no diagnosis."""
    recipients: list[dict[str, str]] = [{"emailAddress": address} for address in message.recipients]
    detail = _BOUNCE_DETAIL.get((kind, subtype))
    if detail:
        for recipient in recipients:
            recipient |= dict(zip(("action", "status", "diagnosticCode"), detail, strict=True))
    body = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": recipients,
        "timestamp": stamp(at),
        "feedbackId": feedback or f"{message.message_id}-bounce",
        "reportingMTA": "dns; e234-1.smtp-out.ap-northeast-1.amazonses.com",
    }
    return event("Bounce", message, body)


def complaint(message: Message, at: datetime, feedback_type: str = "abuse", subtype: str | None = None) -> Event:
    """A complaint. `not-spam` takes an earlier one back; OnAccountSuppressionList is not a new complaint."""
    body = {
        "complainedRecipients": [{"emailAddress": address} for address in message.recipients],
        "timestamp": stamp(at),
        "feedbackId": f"{message.message_id}-complaint",
        "complaintSubType": subtype,
        "userAgent": "ExampleFeedbackLoop/1.0",
        "complaintFeedbackType": feedback_type,
        "arrivalDate": stamp(at),
    }
    if subtype:
        body = {key: value for key, value in body.items() if key not in ("userAgent", "complaintFeedbackType")}
    return event("Complaint", message, body)


def opened(message: Message, at: datetime, user_agent: str = BROWSER, ip: str = ADDRESS) -> Event:
    return event("Open", message, {"ipAddress": ip, "timestamp": stamp(at), "userAgent": user_agent})


def clicked(message: Message, at: datetime, link: str, user_agent: str = BROWSER, ip: str = ADDRESS) -> Event:
    """SES does not say which recipient clicked, and `linkTags` is null without `ses:tags` on the anchor."""
    body = {"ipAddress": ip, "timestamp": stamp(at), "userAgent": user_agent, "link": link, "linkTags": None}
    return event("Click", message, body)


def rendering_failure(message: Message, template: str, reason: str) -> Event:
    made = event("Rendering Failure", message, {"errorMessage": reason, "templateName": template})
    for absent in ("headers", "commonHeaders"):
        del made["mail"][absent]
    return made


def delivery_delay(message: Message, at: datetime, kind: str = "TransientCommunicationFailure") -> Event:
    body = {
        "timestamp": stamp(at),
        "delayType": kind,
        "expirationTime": stamp(message.at + timedelta(hours=14)),
        "delayedRecipients": [
            {"emailAddress": address, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 Unable to connect"}
            for address in message.recipients
        ],
    }
    return event("DeliveryDelay", message, body)


def subscription(message: Message, at: datetime, contact_list: str = "ContactList") -> Event:
    """Only with SES's own list management, which Sodate does not use; it must still be read without harm."""
    topic = "newsletter"
    body = {
        "contactList": contact_list,
        "timestamp": stamp(at),
        "source": "UnsubscribeHeader",
        "newTopicPreferences": _preferences(topic, all_out=True),
        "oldTopicPreferences": _preferences(topic, all_out=False),
    }
    return event("Subscription", message, body)


def _preferences(topic: str, *, all_out: bool) -> dict[str, Any]:
    status = "OptOut" if all_out else "OptIn"
    return {
        "unsubscribeAll": all_out,
        "topicSubscriptionStatus": [{"topicName": topic, "subscriptionStatus": status}],
    }


def as_notification(made: Event) -> Event:
    """The same Bounce, Complaint or Delivery as an identity's feedback notification: other key, no tags, never."""
    if made["eventType"] not in ("Bounce", "Complaint", "Delivery"):
        raise ValueError(f"SES has no feedback notification for {made['eventType']}")
    mail = {key: value for key, value in made["mail"].items() if key != "tags"}
    rest = {key: value for key, value in made.items() if key not in ("eventType", "mail")}
    return {"notificationType": made["eventType"], **rest, "mail": mail}
