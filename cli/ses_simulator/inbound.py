"""Email that SES receives: a person's answer to a simulated email, as the raw message that SES stores in S3.

Kept of SES: the headers that it writes above those of the sender (return path, one `Received` with the recipient of the
envelope, verdicts, Authentication-Results), and the notification that S3 sends for the stored object. Not kept: DNS,
SMTP, receipt rules, checks of its own: a test says what SES found out.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from ses_simulator.events import REGION
from ses_simulator.message import Message


@dataclass(frozen=True, slots=True)
class Findings:
    """What SES found out about an email. `return_path`: empty for the null path; None: the sender's address."""

    spam: str = "PASS"
    virus: str = "PASS"
    spf: str = "pass"
    dkim: str = "pass"
    dmarc: str = "pass"
    return_path: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person sends. `to`: None for the Reply-To of the email; `headers`: further ones, or others."""

    text: str
    sender: str | None = None
    to: str | None = None
    subject: str | None = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    quotes: bool = True


def raw_answer(message: Message, answer: Answer, at: datetime) -> bytes:
    """The answer as a mail program writes it, before any mail server has seen it."""
    email = EmailMessage(policy=SMTP)
    email["From"] = answer.sender or message.recipient
    email["To"] = answer.to or (message.reply_to[0] if message.reply_to else message.source)
    email["Subject"] = answer.subject if answer.subject is not None else f"Re: {message.subject}"
    email["Date"] = format_datetime(at)
    email["Message-ID"] = f"<{at:%Y%m%d%H%M%S%f}.{_digest(answer)}@mail.example.net>"
    email["In-Reply-To"] = email["References"] = f"<{message.message_id}@{REGION}.amazonses.com>"
    for name, value in answer.headers.items():
        del email[name]
        if value:
            email[name] = value
    quoted = "\n".join(f"> {line}" for line in message.text.splitlines()[:20])
    email.set_content(
        f"{answer.text}\n\nOn {at:%Y/%m/%d %H:%M}, {message.source} wrote:\n{quoted}" if answer.quotes else answer.text
    )
    if answer.html is not None:
        email.add_alternative(answer.html, subtype="html")
    return email.as_bytes()


def _digest(answer: Answer) -> str:
    """The same answer at the same time is the same email, in every process."""
    return hashlib.sha256(f"{answer.text}\n{answer.sender}".encode()).hexdigest()[:8]


_CLEAN = Findings()


def as_received(raw: bytes, recipient: str, at: datetime, sender: str, findings: Findings = _CLEAN) -> bytes:
    """With the headers of SES above those of the sender."""
    path = sender if findings.return_path is None else findings.return_path
    domain = sender.rpartition("@")[2]
    lines = (
        f"Return-Path: <{path}>",
        f"Received: from mail.{domain} (mail.{domain} [192.0.2.10])",
        f" by inbound-smtp.{REGION}.amazonaws.com with SMTP id {at:%d%H%M%S}abcdefghijklmnopqrst",
        f" for {recipient};",
        f" {format_datetime(at)}",
        f"X-SES-Spam-Verdict: {findings.spam}",
        f"X-SES-Virus-Verdict: {findings.virus}",
        f"Received-SPF: {findings.spf} (spfCheck: domain of {domain}) client-ip=192.0.2.10; envelope-from={path};",
        "Authentication-Results: amazonses.com;",
        f" spf={findings.spf} (spfCheck: domain of {domain}) client-ip=192.0.2.10; envelope-from={path};",
        f" dkim={findings.dkim} header.i=@{domain};",
        f" dmarc={findings.dmarc} header.from={domain};",
        "X-SES-RECEIPT: AEFBQUFBQUFBQUFIc2ltdWxhdG9y",
        "X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=c2ltdWxhdG9y; c=relaxed/simple; s=sim; d=amazonses.com; v=1;",
    )
    return "\r\n".join((*lines, "")).encode() + raw


def notification_of(bucket: str, key: str, size: int, at: datetime) -> dict[str, Any]:
    """What S3 tells a queue about a new object."""
    stored = {"key": key, "size": size, "eTag": "0" * 32, "sequencer": "00"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:SimulatedSes"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "SIMULATED", "x-amz-id-2": "SIMULATED"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "inbound",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "SIM"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": stored,
        },
    }
    return {"Records": [record]}


def sqs_event_of_notification(notification: Mapping[str, Any], number: int = 1) -> dict[str, Any]:
    """One message of the queue, as Lambda gets it."""
    return {"Records": [{"messageId": str(number), "body": json.dumps(notification)}]}
