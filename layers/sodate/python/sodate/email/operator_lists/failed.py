"""Failed sends: SES rejected the message, or it could not be composed. Listed by month; an operator can retry them.

A failed send never left, so another attempt causes no duplicate.
"""

from contextlib import suppress
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.delivery.message import TransactionalSend
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem, find_send, find_sends, planned_again
from sodate.email.operator_lists.store import failed_item, listed_failed
from sodate.errors import Conflict, NotFound
from sodate.leads.store import end_opt_in_wait
from sodate.messages import Message
from sodate.scheduling import store as due


def list_failed(send: SendItem, now: datetime) -> None:
    """Add the list entry. After a failed opt-in email, the next form post of the lead may request another at once:
    the wait between two protects a mailbox, and this email never reached it.
    """
    table.put(failed_item(send.lead_id, send.send_id, now))
    if send.name == "opt_in":
        with suppress(ConditionFailed):  # this email is not the lead's latest opt-in email
            end_opt_in_wait(send.lead_id, send.waits_until or send.planned_at)


def failed_sends(month: datetime) -> list[SendItem]:
    """Sends of one month that are still failed; without those retried since, or reported on by SES after all."""
    return [send for send in find_sends(listed_failed(month)) if send is not None and send.state == "failed"]


def retry_transactional(lead_id: str, send_id: str, now: datetime) -> None:
    """Plan a failed transactional email again, in one write.

    Raises: `NotFound`, or `Conflict` with the reason.
    """
    send = find_send(lead_id, send_id)
    if send is None:
        raise NotFound(
            Message(
                "no send {send_id} of lead {lead_id}; `sodate lead timeline` shows the ids",
                send_id=send_id,
                lead_id=lead_id,
            )
        )
    if send.purpose != "transactional":
        raise Conflict(Message("not a transactional email; only those are planned again one by one"))
    entry = due.due_item(now, due.TRANSACTIONAL, send_id, TransactionalSend(lead_id, send_id), now)
    try:
        table.commit([planned_again(send, Reason.RETRIED), Put(entry)])
    except ConditionFailed as error:
        raise Conflict(
            Message("send {send_id} has not failed (any more); look at the lead's timeline", send_id=send_id)
        ) from error
