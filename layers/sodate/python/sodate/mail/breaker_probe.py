"""An email to SES's mailbox simulator: it shows that SES takes email again, and that SES's reports arrive.

No lead is concerned, so a probe may be sent at any time and any number of times. It closes the circuit breaker, and it
is a neighbour for attempts without an answer when there was no other email around them (`report_coverage`).
docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html: usable in the sandbox too, without effect on
reputation.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sodate.due import store as due
from sodate.mail import pace as pacing
from sodate.mail.message import probe_message
from sodate.mail.probe import PURPOSE
from sodate.mail.sender import Mailing, Sender
from sodate.mail.ses import Draft, SesMailer
from sodate.mail.ses_answers import Verdict
from sodate.playbook.store import Definitions, parsed
from sodate.table import keys

MAILBOX_SIMULATOR = "success@simulator.amazonses.com"
_AGAIN_AFTER = timedelta(minutes=5)


def probe_item(now: datetime, until: datetime) -> due.DueItem:
    """At most one per minute, whoever plans it: the entries of one minute have one key."""
    return due.due_item(now, due.NOTICE, PURPOSE, keys.minute(now), probe_message(until), now)


def send_probe(message: Mapping[str, Any], definitions: Definitions, ses: SesMailer, stage: str, now: datetime) -> str:
    """`accepted`, or SES's verdict on the probe."""
    sender = parsed(definitions.live("mailing"), Mailing).sender
    answer = ses.send(_probe(sender, stage))
    if answer.verdict == Verdict.ACCEPTED:
        pacing.close_breaker()
        return "accepted"
    until = message.get("until")
    if until and now + _AGAIN_AFTER < datetime.fromisoformat(str(until)):
        due.plan(now + _AGAIN_AFTER, due.NOTICE, PURPOSE, keys.minute(now), dict(message), now)
    return f"probe_{answer.verdict}"


def _probe(sender: Sender, stage: str) -> Draft:
    text = "Sodate asks whether SES takes email and reports on it. Nobody reads this."
    return Draft(
        to=MAILBOX_SIMULATOR,
        sender=sender,
        subject="Sodate probe",
        html=f"<p>{text}</p>",
        text=text,
        tags={"purpose": PURPOSE, "stage": stage},
        headers={"Auto-Submitted": "auto-generated"},
    )
