"""An email to SES's mailbox simulator: it shows that SES takes email again, and that SES's reports arrive.

No lead is concerned, so a probe may be sent at any time and any number of times. It closes the circuit breaker, and it
is a neighbour for attempts without an answer when there was no other email around them (`report_coverage`).
docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html: usable in the sandbox too, without effect on
reputation.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sodate.dynamodb import keys
from sodate.email.delivery.message import probe_message
from sodate.email.delivery.probe import PURPOSE
from sodate.email.delivery.ses import OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.mailing import Mailing, Sender
from sodate.email.reputation import rate_limiter
from sodate.playbook.store import Definitions, parsed
from sodate.scheduling import store as due

MAILBOX_SIMULATOR = "success@simulator.amazonses.com"
_AGAIN_AFTER = timedelta(minutes=5)


def probe_item(now: datetime, until: datetime) -> due.DueItem:
    """At most one per minute, whoever plans it: the entries of one minute have one key."""
    return due.due_item(now, due.TRANSACTIONAL, PURPOSE, keys.minute(now), probe_message(until), now)


def send_probe(message: Mapping[str, Any], definitions: Definitions, ses: SesMailer, stage: str, now: datetime) -> str:
    """`accepted`, or SES's verdict on the probe."""
    sender = parsed(definitions.live("mailing"), Mailing).sender
    answer = ses.send(_probe(sender, stage))
    if answer.verdict == Verdict.ACCEPTED:
        rate_limiter.close_breaker()
        return "accepted"
    until = message.get("until")
    if until and now + _AGAIN_AFTER < datetime.fromisoformat(str(until)):
        due.plan(now + _AGAIN_AFTER, due.TRANSACTIONAL, PURPOSE, keys.minute(now), dict(message), now)
    return f"probe_{answer.verdict}"


def _probe(sender: Sender, stage: str) -> OutgoingEmail:
    text = "Sodate asks whether SES takes email and reports on it. Nobody reads this."
    return OutgoingEmail(
        to=MAILBOX_SIMULATOR,
        sender=sender,
        subject="Sodate probe",
        html=f"<p>{text}</p>",
        text=text,
        tags={"purpose": PURPOSE, "stage": stage},
        headers={"Auto-Submitted": "auto-generated"},
    )
