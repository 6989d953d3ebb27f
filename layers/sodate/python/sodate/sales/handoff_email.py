"""The transactional email to an owner: one hot lead, or a digest of waiting ones."""

from collections.abc import Callable
from datetime import datetime

from sodate.calls.call import CallState
from sodate.calls.store import find_call
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.delivery.transactional import Composer, Withheld, transactional_tags
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import Mailing
from sodate.errors import Invalid
from sodate.leads.store import load_profile
from sodate.leads.text import one_line
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.sales.definition import Owner, Sales
from sodate.sales.handoff_markup import handoff_html
from sodate.sales.links import FeedbackLinks
from sodate.sales.message import DigestMessage, HandoffMessage, Reader, call_reminder
from sodate.sales.notify import compose, compose_digest
from sodate.signals.store import SignalItem, find_signal


def handoff_composer(definitions: Definitions, links: Callable[[], FeedbackLinks], stage: str) -> Composer:
    def compose(send: SendItem, now: datetime) -> OutgoingEmail:
        data = send.data or {}
        sales = parsed(definitions.live("sales"), Sales)
        owner = sales.owner(data["owner"])
        message: HandoffMessage | DigestMessage
        if "digest" in data:
            message = _digest(definitions, links(), owner, data["digest"], now)
        elif "call" in data:
            message = _reminder(definitions, links(), owner, send.lead_id, data["call"], now)
        else:
            message = _one(definitions, links(), owner, send.lead_id, data["signal"], now)
        mailing = parsed(definitions.live("mailing"), Mailing)
        return OutgoingEmail(
            to=owner.email,
            sender=mailing.sender,
            subject=one_line(message.headline),
            html=handoff_html(message, mailing.sender.language, mailing.brand.color),
            text=message.text,
            tags=transactional_tags(send, stage),
            headers={"Auto-Submitted": "auto-generated", "X-Sodate-Send": send.send_id},
        )

    return compose


def _one(
    definitions: Definitions, links: FeedbackLinks, owner: Owner, lead_id: str, signal_key: str, now: datetime
) -> HandoffMessage:
    signal = find_signal(lead_id, signal_key)
    if signal is None:
        raise Invalid(Message("the signal is gone"), "handoff")
    return compose(definitions, links, load_profile(lead_id), signal, owner, now)


def _reminder(
    definitions: Definitions, links: FeedbackLinks, owner: Owner, lead_id: str, key: str, now: datetime
) -> HandoffMessage:
    call = find_call(lead_id, key)
    if call is None or call.state != CallState.OPEN:
        raise Withheld(Reason.ANSWERED_ALREADY)
    message = _one(definitions, links, owner, lead_id, call.signal, now)
    sender = parsed(definitions.live("mailing"), Mailing).sender
    return call_reminder(message, load_profile(lead_id), call, Reader(sender.language, sender.time_zone))


def _digest(
    definitions: Definitions, links: FeedbackLinks, owner: Owner, waiting: list[list[str]], now: datetime
) -> DigestMessage:
    signals: list[SignalItem] = []
    for lead_id, key in waiting:
        signal = find_signal(lead_id, key)
        if signal is not None and signal.feedback is None:
            signals.append(signal)
    if not signals:
        raise Withheld(Reason.ANSWERED_ALREADY)
    return compose_digest(definitions, links, owner, signals, now)[0]
