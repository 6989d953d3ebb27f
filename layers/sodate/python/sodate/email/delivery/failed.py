"""Sends that failed: SES certainly refused the message, or it could not be made. Listed by month, tried again on call.

Nothing of a failed send ever left, so another attempt doubles nothing.
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
    """Found again under the month in which it failed. A list, not the truth: that is in the ledger."""

    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def failed_item(lead_id: str, send_id: str, now: datetime) -> FailedItem:
    """For a bulk write beside the ledger's own items."""
    until = int((now + KEPT).timestamp())
    return FailedItem(keys.failed_sends(now), keys.send(send_id), lead_id=lead_id, at=keys.stamp(now), ttl=until)


def list_failed(send: SendItem, now: datetime) -> None:
    """After the ledger says `failed`. The next post of the same person asks for a failed opt-in email anew."""
    base.put(failed_item(send.lead_id, send.send_id, now))
    if send.name == "opt_in":
        _end_the_wait(send)


def _end_the_wait(send: SendItem) -> None:
    """The wait between two opt-in emails protects a mailbox; this one never got there. Only if it was the last one."""
    asked_then = StateItem.opt_in_mail_at == (send.waits_until or send.planned_at)
    with suppress(ConditionFailed):
        base.update(state_key(send.lead_id), [StateItem.opt_in_mail_at.remove()], asked_then)


def failed_sends(month: datetime) -> list[SendItem]:
    """Those of one month that are still failed; others were tried again since, or SES reported of them after all."""
    listed = base.query(FailedItem, keys.failed_sends(month), keys.SENDS)
    found = [find_send(item.lead_id, item.sk.removeprefix(keys.SENDS)) for item in listed]
    return [send for send in found if send is not None and send.state == "failed"]


def retry_transactional(lead_id: str, send_id: str, now: datetime) -> None:
    """Plan a failed transactional email again, in one write. Raises `NotFound`, or `Conflict` with the reason."""
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
    """failed → planned. What a person resolved as lost is no refusal of SES: `sodate sends resolve` decides on it."""
    actions = [
        SendItem.state.set("planned"),
        SendItem.rank.set(RANK["planned"]),
        SendItem.reason.set(RETRIED),
        SendItem.settled_at.remove(),
        SendItem.turns.remove(),
        SendItem.waits_until.remove(),
    ]
    refused = ~SendItem.reason.startswith("resolved_by_a_person")
    return Update(send, actions, (SendItem.state == "failed") & (SendItem.reason.does_not_exist() | refused))
