"""Three emails to the addresses of SES's mailbox simulator, and what the ledger says of them afterwards.

They are probes (`sodate.email.delivery.probe`): no lead, no consent, no daily rate and no bus event
knows of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sodate.email.delivery import probe
from sodate.email.delivery.ses import OutgoingEmail, SesMailer
from sodate.messages import Message

from sodate_cli.doctor.deployment import Deployment
from sodate_cli.doctor.email import live_sender
from sodate_cli.doctor.finding import Check, Result, Verdict, failed, listed, ok

#: Local part of the simulator's address → what the ledger must say in the end.
EXPECTED = {"success": "delivered", "bounce": "bounced", "complaint": "complained"}
_SIMULATOR = "simulator.amazonses.com"
_LOOKS, _PAUSE_S = 60, 3.0


@dataclass(frozen=True)
class _Sent:
    kind: str
    send_id: str


def round_trip(d: Deployment) -> Result:
    lead_id = f"doctor-{d.new_id()}"
    sent = [_Sent(kind, d.new_id()) for kind in EXPECTED]
    try:
        for one in sent:
            probe.begin(lead_id, one.send_id, d.machine_now())
        refused = _send(d, lead_id, sent)
        if refused:
            return failed(
                Message("SES refuses: {listed}", listed=listed(refused)),
                "see ses-account, ses-identity, ses-sandbox, configuration-set",
            )
        states = _watch(d, lead_id, sent)
    finally:
        for one in sent:
            probe.remove(lead_id, one.send_id)
    return _judged(d, states)


def _send(d: Deployment, lead_id: str, sent: list[_Sent]) -> list[str]:
    """One bulk call with an inline template, as email_sender makes it. Returns what SES did not accept."""
    mailer = SesMailer(lambda: d.clients("sesv2"), d.output("ConfigurationSet"))
    sender = live_sender(d)
    text = "This is a test of `sodate doctor --send`. Nobody reads it."
    outgoing_emails = [
        OutgoingEmail(
            to=f"{one.kind}+{one.send_id}@{_SIMULATOR}",  # a label of its own: no suppression list holds it
            sender=sender,
            subject="sodate doctor",
            html=f"<p>{text}</p>",
            text=text,
            tags={"purpose": probe.PURPOSE, "lead_id": lead_id, "send_id": one.send_id},
        )
        for one in sent
    ]
    answers = zip(sent, mailer.send_bulk(outgoing_emails), strict=True)
    return [f"{one.kind}: {answer.reason}" for one, answer in answers if answer.verdict != "accepted"]


def _watch(d: Deployment, lead_id: str, sent: list[_Sent]) -> Mapping[str, str]:
    states: dict[str, str] = {}
    for look in range(_LOOKS):
        states = {one.kind: probe.state_of(lead_id, one.send_id) for one in sent}
        if states == EXPECTED:
            break
        if look + 1 < _LOOKS:
            d.pause(_PAUSE_S)
    return states


def _judged(d: Deployment, states: Mapping[str, str]) -> Result:
    wrong = [f"{kind}: {states[kind]} instead of {state}" for kind, state in EXPECTED.items() if states[kind] != state]
    if not wrong:
        return ok("a delivery, a bounce and a complaint came back from SES into the ledger")
    waited = int(_LOOKS * _PAUSE_S / 60)
    return Result(
        Verdict.FAILED,
        f"after {waited} minutes the ledger says {listed(wrong)}",
        f"follow the way: event-destination, event-topic, triggers, `sodate dlq list --stage {d.stage}`",
    )


CHECKS = (Check("round-trip", round_trip, asked_by="--send"),)
