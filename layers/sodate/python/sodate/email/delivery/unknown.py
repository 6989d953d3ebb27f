"""Sends with an unknown outcome: listed; settled by an operator or by a late SES event; repeated only on evidence."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from sodate.dynamodb import base, bulk, keys, transaction
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.transaction import Put
from sodate.email.delivery.ledger import RANK
from sodate.email.delivery.store import SendItem, find_send, settled_step
from sodate.errors import Conflict, NotFound

Verdict = Literal["sent", "lost"]
KEPT = timedelta(days=400)
#: The reason code; the error of the SES call follows after a colon, when the sender got one.
NO_ANSWER = "no_answer_and_no_event"
#: Writes per send in a transaction; DynamoDB accepts 100 writes.
_WRITES = 2


class UnknownItem(TableItem, discriminator="unknown"):
    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def list_unknown(sends: Sequence[SendItem], attempted: datetime, now: datetime) -> int:
    """Write ledger and list in one transaction of at most 50 sends. Returns the number of sends listed.

    A send that an SES event settles first is not listed.
    """
    left = list(sends)
    while left:
        try:
            transaction.commit([write for send in left for write in _listed(send, attempted, now)])
        except ConditionFailed as error:
            settled = {index // _WRITES for index in error.failed}
            left = [send for index, send in enumerate(left) if index not in settled]
        else:
            break
    return len(left)


def _listed(send: SendItem, attempted: datetime, now: datetime) -> tuple[Put, Put]:
    """The reason includes the error of the SES call when the sender stored one."""
    reason = f"{NO_ANSWER}:{send.reason}" if send.state == "sending" and send.reason else NO_ANSWER
    unknown = settled_step(send, "unknown", reason, now)
    unknown.attempted_at = keys.stamp(attempted)
    listed = UnknownItem(
        keys.unknown_sends(now),
        keys.send(send.send_id),
        lead_id=send.lead_id,
        at=keys.stamp(now),
        ttl=int((now + KEPT).timestamp()),
    )
    return Put(unknown, SendItem.rank.does_not_exist() | (SendItem.rank < unknown.rank)), Put(listed)


def unknown_sends(month: datetime) -> list[SendItem]:
    """Sends of one month that are still unknown; without those that an event or a second attempt settled since."""
    listed = base.query(UnknownItem, keys.unknown_sends(month), keys.SENDS)
    items = bulk.get_many([(keys.lead(item.lead_id), item.sk) for item in listed], consistent=True)
    sends = [
        SendItem.from_raw_data(items[key]) for item in listed if (key := (keys.lead(item.lead_id), item.sk)) in items
    ]
    return [send for send in sends if is_open(send)]


def is_open(send: SendItem) -> bool:
    """The outcome is unknown, and there is no next attempt."""
    return bool(send.state == "unknown" and send.next_attempt is None)


def resolve(lead_id: str, send_id: str, verdict: Verdict, now: datetime) -> None:
    """Settle an unknown send by an operator's finding.

    Raises: `NotFound`, or `Conflict` when the send is not unknown (any more).
    """
    if find_send(lead_id, send_id) is None:
        raise NotFound(f"no send {send_id} of lead {lead_id}")
    state = "sent" if verdict == "sent" else "failed"
    actions = [
        SendItem.state.set(state),
        SendItem.rank.set(RANK[state]),
        SendItem.reason.set(f"resolved_by_a_person:{verdict}"),
        SendItem.settled_at.set(keys.stamp(now)),
    ]
    still_open: Condition = (SendItem.state == "unknown") & SendItem.next_attempt.does_not_exist()
    try:
        base.update(SendItem(keys.lead(lead_id), keys.send(send_id)), actions, still_open)
    except ConditionFailed as error:
        raise Conflict(f"send {send_id} is not unknown any more; look at the lead's timeline") from error
