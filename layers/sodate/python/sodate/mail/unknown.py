"""Sends whose outcome nobody knows: listed, settled by a person or by a late event, never repeated blindly."""

from datetime import datetime, timedelta
from typing import Literal

from pynamodb.attributes import UnicodeAttribute

from sodate.errors import Conflict, NotFound
from sodate.mail.ledger import RANK
from sodate.mail.store import SendItem, find_send, settled_step
from sodate.table import base, keys, transaction
from sodate.table.base import ConditionFailed, TableItem
from sodate.table.transaction import Put

Verdict = Literal["sent", "lost"]
KEPT = timedelta(days=400)


class UnknownItem(TableItem, discriminator="unknown"):
    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def list_unknown(send: SendItem, now: datetime) -> None:
    """Ledger and list in one transaction; an event that comes first wins."""
    listed = UnknownItem(
        keys.unknown_sends(now),
        keys.send(send.send_id),
        lead_id=send.lead_id,
        at=keys.stamp(now),
        ttl=int((now + KEPT).timestamp()),
    )
    unknown = settled_step(send, "unknown", "no_answer_and_no_event", now)
    try:
        transaction.commit([Put(unknown, SendItem.rank.does_not_exist() | (SendItem.rank < unknown.rank)), Put(listed)])
    except ConditionFailed:
        return


def unknown_sends(month: datetime) -> list[SendItem]:
    """Those of one month that are still unknown; SES events may have settled the others since."""
    listed = base.query(UnknownItem, keys.unknown_sends(month), keys.SENDS)
    found = [find_send(item.lead_id, item.sk.removeprefix(keys.SENDS)) for item in listed]
    return [send for send in found if send is not None and send.state == "unknown"]


def resolve(lead_id: str, send_id: str, verdict: Verdict, now: datetime) -> None:
    """A person found out. Raises `NotFound`, or `Conflict` when it is not unknown (any more)."""
    if find_send(lead_id, send_id) is None:
        raise NotFound(f"no send {send_id} of lead {lead_id}")
    state = "sent" if verdict == "sent" else "failed"
    actions = [
        SendItem.state.set(state),
        SendItem.rank.set(RANK[state]),
        SendItem.reason.set(f"resolved_by_a_person:{verdict}"),
        SendItem.settled_at.set(keys.stamp(now)),
    ]
    try:
        base.update(SendItem(keys.lead(lead_id), keys.send(send_id)), actions, SendItem.state == "unknown")
    except ConditionFailed as error:
        raise Conflict(f"send {send_id} is not unknown any more; look at the lead's timeline") from error
