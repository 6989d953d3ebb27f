"""A probe: an email to SES's mailbox simulator. It shows that SES accepts email again and that SES's reports arrive.

No lead receives it, so it may be sent at any time, any number of times. An accepted probe closes the circuit breaker.
It also counts in `report_coverage` as an email of the same time, for attempts without an answer that have no other.
docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html: the simulator works in the sandbox too, without
effect on reputation.
"""

from datetime import datetime, timedelta

from sodate.dynamodb import keys
from sodate.email.delivery.message import Probe
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
    """At most one per minute for all callers: the entries of one minute have the same key."""
    return due.due_item(now, due.TRANSACTIONAL, keys.minute(now), Probe(until), now)


def send_probe(probe: Probe, definitions: Definitions, ses: SesMailer, stage: str, now: datetime) -> str:
    """Returns `accepted`, or `probe_` and the verdict. A probe that was not accepted is repeated until its `until`."""
    sender = parsed(definitions.live("mailing"), Mailing).sender
    answer = ses.send(_probe(sender, stage))
    if answer.verdict == Verdict.ACCEPTED:
        rate_limiter.close_breaker()
        return "accepted"
    if probe.until and now + _AGAIN_AFTER < probe.until:
        due.plan(now + _AGAIN_AFTER, due.TRANSACTIONAL, keys.minute(now), probe, now)
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
