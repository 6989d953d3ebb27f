"""Sends with an unknown outcome: listed; settled by an operator or by a late SES event; repeated only on evidence."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem, find_send, find_sends, ranks_higher, resolve_unknown, settled_step
from sodate.email.operator_lists.store import listed_unknown, unknown_item
from sodate.errors import Conflict, NotFound
from sodate.messages import Message


class Finding(StrEnum):
    """What an operator found out about an unknown send."""

    SENT = "sent"
    LOST = "lost"


#: Writes per send in a transaction; DynamoDB accepts 100 writes.
_WRITES = 2


def list_unknown(sends: Sequence[SendItem], attempted: datetime, now: datetime) -> int:
    """Write ledger and list in one transaction of at most 50 sends. Returns the number of sends listed.

    A send that an SES event settles first is not listed.
    """
    left = list(sends)
    while left:
        try:
            table.commit([write for send in left for write in _listed(send, attempted, now)])
        except ConditionFailed as error:
            settled = {index // _WRITES for index in error.failed}
            left = [send for index, send in enumerate(left) if index not in settled]
        else:
            break
    return len(left)


def _listed(send: SendItem, attempted: datetime, now: datetime) -> tuple[Put, Put]:
    """The reason includes the error of the SES call when the sender stored one."""
    reason = f"{Reason.NO_ANSWER}:{send.reason}" if send.state == "sending" and send.reason else Reason.NO_ANSWER
    unknown = settled_step(send, "unknown", reason, now)
    unknown.attempted_at = keys.stamp(attempted)
    return Put(unknown, ranks_higher(unknown)), Put(unknown_item(send.lead_id, send.send_id, now))


def unknown_sends(month: datetime) -> list[SendItem]:
    """Sends of one month that are still unknown; without those that an event or a second attempt settled since."""
    return [send for send in find_sends(listed_unknown(month)) if send is not None and is_open(send)]


def is_open(send: SendItem) -> bool:
    """The outcome is unknown, and there is no next attempt."""
    return send.is_unknown and send.next_attempt is None


def resolve(lead_id: str, send_id: str, verdict: Finding, now: datetime) -> None:
    """Settle an unknown send by an operator's finding.

    Raises: `NotFound`, or `Conflict` when the send is not unknown (any more).
    """
    if find_send(lead_id, send_id) is None:
        raise NotFound(
            Message(
                "no send {send_id} of lead {lead_id}; `sodate lead timeline` shows the ids",
                send_id=send_id,
                lead_id=lead_id,
            )
        )
    try:
        resolve_unknown(lead_id, send_id, "sent" if verdict is Finding.SENT else "failed", verdict, now)
    except ConditionFailed as error:
        raise Conflict(
            Message("send {send_id} is not unknown any more; look at the lead's timeline", send_id=send_id)
        ) from error
