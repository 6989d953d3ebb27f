"""State of each signal: owner, and the delivery state of each notification channel."""

from collections.abc import Sequence
from typing import Any

from sodate.email.delivery.reasons import in_words
from sodate.email.ledger.store import SendItem
from sodate.errors import NotFound
from sodate.messages import Message, joined
from sodate.playbook.store import Definitions, parsed
from sodate.sales.definition import Sales
from sodate.sales.notify import HANDOFF, targets
from sodate.signals.store import SignalItem

NOT_YET = Message("not tried yet")


def signal_state(signal: SignalItem, definitions: Definitions, sends: Sequence[SendItem]) -> dict[str, Any]:
    """`channels`: name → delivery state, or `NOT_YET`."""
    return {
        "at": signal.at,
        "total": int(signal.total),
        "phase": signal.phase,
        "owner": signal.assigned_to,
        "because": signal.assigned_because,
        "escalation": int(signal.escalation_level),
        "waits_until": signal.digest_at,
        "channels": _channels(signal, definitions, sends),
        "answer": signal.feedback,
    }


def _channels(signal: SignalItem, definitions: Definitions, sends: Sequence[SendItem]) -> dict[str, str]:
    channels: dict[str, str] = {}
    if signal.assigned_to is not None:
        try:
            sales = parsed(definitions.live("sales"), Sales)
            owner = sales.owner(signal.assigned_to)
        except NotFound:  # retired since
            pass
        else:
            by_email = (owner.channels or sales.channels).mail
            names = [*(["mail"] if by_email else []), *(target.name for target in targets(owner, sales))]
            channels = dict.fromkeys(names, NOT_YET)
    for send in sends:
        if send.name == HANDOFF and signal.sk in str(send.data):
            channels["mail"] = joined("", [f"{send.state}: ", in_words(send.reason)]) if send.reason else send.state
    if channels.get("mail") == NOT_YET and signal.digest_at is not None:
        channels["mail"] = Message("in a digest; it stands with the digest's first lead")
    for name, attempt in signal.notifications.as_dict().items():
        channels[name] = (
            Message("told {at} ({status})", at=f"{attempt['at'][:16]}Z", status=attempt["status"])
            if attempt.get("at")
            else Message("FAILING: {status}", status=attempt["status"])
        )
    return channels
