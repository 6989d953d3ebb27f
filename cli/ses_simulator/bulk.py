"""SendBulkEmail, as far as it matters: an inline template, one result per entry, a failed rendering is an event."""

import json
import re
from typing import Any

from ses_simulator import events
from ses_simulator.errors import SesRefusal
from ses_simulator.message import Message
from ses_simulator.rules import bad_request, check_recipients
from ses_simulator.simulator import Request, SesSimulator

_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_STATUS = {
    "TooManyRequestsException": "ACCOUNT_THROTTLED",
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
    "SendingPausedException": "ACCOUNT_SENDING_PAUSED",
    "LimitExceededException": "ACCOUNT_DAILY_QUOTA_EXCEEDED",
    "MessageRejected": "MESSAGE_REJECTED",
    "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "NotFoundException": "CONFIGURATION_SET_NOT_FOUND",
    "BadRequestException": "INVALID_PARAMETER",
}


def send_bulk_email(simulator: SesSimulator, request: Request) -> list[dict[str, str]]:
    """One result per entry, in order. The call as a whole fails only when it is malformed."""
    template = (request.get("DefaultContent") or {}).get("Template") or {}
    content = template.get("TemplateContent")
    if not content:
        raise bad_request("The simulator takes DefaultContent.Template.TemplateContent only.")
    entries = request.get("BulkEmailEntries") or []
    if not 1 <= len(entries) <= 50:
        raise bad_request("BulkEmailEntries must have 1 to 50 members.")
    return [_send_entry(simulator, request, template, entry) for entry in entries]


def _send_entry(simulator: SesSimulator, request: Request, template: Request, entry: Request) -> dict[str, str]:
    replacement = ((entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}).get(
        "ReplacementTemplateData"
    )
    data = json.loads(template.get("TemplateData") or "{}") | json.loads(replacement or "{}")
    try:
        missing = _missing(template["TemplateContent"], data)
        if missing:
            return _rendering_failure(simulator, request, entry, missing)
        return {"Status": "SUCCESS", "MessageId": simulator.send_email(_simple(request, template, entry, data))}
    except SesRefusal as refusal:
        status = "ACCOUNT_DAILY_QUOTA_EXCEEDED" if "Daily" in refusal.message else _STATUS.get(refusal.code, "FAILED")
        return {"Status": status, "Error": refusal.message}


def _missing(content: Request, data: dict[str, Any]) -> str | None:
    names = _PLACE.findall(" ".join(str(content.get(part) or "") for part in ("Subject", "Text", "Html")))
    return next((name for name in names if name not in data), None)


def _rendering_failure(simulator: SesSimulator, request: Request, entry: Request, missing: str) -> dict[str, str]:
    """SES takes the entry and answers SUCCESS; that nothing was sent shows only in the event."""
    tags = {tag["Name"]: tag["Value"] for tag in _tags(request, entry)}
    message = Message(
        message_id=simulator.ids(),
        at=simulator.clock(),
        source=str(request.get("FromEmailAddress")),
        recipients=check_recipients(entry["Destination"]),
        subject="",
        html="",
        text="",
        tags=tags,
        configuration_set=simulator.check_configuration_set(request),
    )
    reason = f"Attribute '{missing}' is not present in the rendering data."
    simulator.publish(message, events.rendering_failure(message, "inline", reason))
    return {"Status": "SUCCESS", "MessageId": message.message_id}


def _tags(request: Request, entry: Request) -> list[dict[str, str]]:
    return [*(request.get("DefaultEmailTags") or []), *(entry.get("ReplacementTags") or [])]


def _simple(request: Request, template: Request, entry: Request, data: dict[str, Any]) -> dict[str, Any]:
    def filled(part: str) -> dict[str, str]:
        text = str(template["TemplateContent"].get(part) or "")
        return {"Data": _PLACE.sub(lambda place: str(data[place[1]]), text)}

    headers = [*(template.get("Headers") or []), *(entry.get("ReplacementHeaders") or [])]
    simple = {
        "Subject": filled("Subject"),
        "Body": {"Text": filled("Text"), "Html": filled("Html")},
        "Headers": headers,
    }
    kept = ("FromEmailAddress", "ReplyToAddresses", "ConfigurationSetName", "ConfigurationOverrides")
    return {
        **{key: request[key] for key in kept if request.get(key)},
        "Destination": entry.get("Destination"),
        "EmailTags": _tags(request, entry),
        "Content": {"Simple": simple},
    }
