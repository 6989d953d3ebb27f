"""Failed sends: SES rejected the message, or it could not be composed. Listed by month; an operator can retry them.

A failed send never left, so another attempt causes no duplicate.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from sodate.dynamodb import base, keys, transaction
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.transaction import Put, Update
from sodate.email.delivery.ledger import RANK
from sodate.email.delivery.message import transactional_message
from sodate.email.delivery.store import SendItem, find_send
from sodate.errors import Conflict, NotFound
from sodate.leads.store import StateItem, state_key
from sodate.scheduling import store as due

KEPT = timedelta(days=400)
RETRIED = "retried_by_a_person"


class FailedItem(TableItem, discriminator="failed"):
    """List entry under the month of the failure. Only the ledger decides whether the send is still failed."""

    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def failed_item(lead_id: str, send_id: str, now: datetime) -> FailedItem:
    """The list entry, for a bulk write together with the ledger items."""
    until = int((now + KEPT).timestamp())
    return FailedItem(keys.failed_sends(now), keys.send(send_id), lead_id=lead_id, at=keys.stamp(now), ttl=until)


def list_failed(send: SendItem, now: datetime) -> None:
    """Add the list entry. After a failed opt-in email, the next form post of the lead may request another at once."""
    base.put(failed_item(send.lead_id, send.send_id, now))
    if send.name == "opt_in":
        _end_the_wait(send)


def _end_the_wait(send: SendItem) -> None:
    """End the wait between two opt-in emails: it protects a mailbox, and this email never reached it.

    Only when this email is the lead's latest opt-in email.
    """
    is_latest = StateItem.opt_in_mail_at == (send.waits_until or send.planned_at)
    with suppress(ConditionFailed):
        base.update(state_key(send.lead_id), [StateItem.opt_in_mail_at.remove()], is_latest)


def failed_sends(month: datetime) -> list[SendItem]:
    """Sends of one month that are still failed; without those retried since, or reported on by SES after all."""
    listed = base.query(FailedItem, keys.failed_sends(month), keys.SENDS)
    sends = [find_send(item.lead_id, item.sk.removeprefix(keys.SENDS)) for item in listed]
    return [send for send in sends if send is not None and send.state == "failed"]


def retry_transactional(lead_id: str, send_id: str, now: datetime) -> None:
    """Plan a failed transactional email again, in one write.

    Raises: `NotFound`, or `Conflict` with the reason.
    """
    send = find_send(lead_id, send_id)
    if send is None:
        raise NotFound(f"no send {send_id} of lead {lead_id}")
    if send.purpose != "transactional":
        raise Conflict("not a transactional email")
    entry = due.due_item(now, due.TRANSACTIONAL, "transactional", send_id, transactional_message(lead_id, send_id), now)
    try:
        transaction.commit([planned_again(send), Put(entry)])
    except ConditionFailed as error:
        raise Conflict(f"send {send_id} has not failed (any more)") from error


def planned_again(send: SendItem) -> Update:
    """failed → planned. Not for a send that an operator resolved as lost (`sodate sends resolve`)."""
    actions = [
        SendItem.state.set("planned"),
        SendItem.rank.set(RANK["planned"]),
        SendItem.reason.set(RETRIED),
        SendItem.settled_at.remove(),
        SendItem.windows.remove(),
        SendItem.waits_until.remove(),
    ]
    not_resolved = ~SendItem.reason.startswith("resolved_by_a_person")
    return Update(send, actions, (SendItem.state == "failed") & (SendItem.reason.does_not_exist() | not_resolved))
