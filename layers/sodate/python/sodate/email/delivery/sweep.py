"""Sweeps sends fifteen minutes after their attempt: lists those that were claimed and have no outcome and no SES event.

A send of a source becomes `unknown`; hours later the check entry of its source decides whether it is sent again. A
transactional email gets one more attempt at once. A send whose sender crashed before the claim is not listed: the queue
redelivers its message.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, decode, encode, plain
from sodate.dynamodb.table import ConditionFailed
from sodate.email.delivery.breaker_probe import probe_item
from sodate.email.delivery.message import TransactionalSend
from sodate.email.delivery.watch import TransactionalWatch, WatchedSend, WatchedSource
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem, find_send, repeat_once_more
from sodate.email.operator_lists.unknown import list_unknown
from sodate.scheduling import store as due

#: SES reports within minutes on almost every email. After this long without a report, the attempt is checked again.
CHECK_AFTER = timedelta(hours=6)
#: Emails that SES accepted within this time of an attempt or of its listing are neighbours of the attempt.
NEIGHBOURHOOD = timedelta(hours=1)
_TRANSACTIONAL_REPEATS = 1


def sweep(entry: WatchedSource | TransactionalWatch, now: datetime) -> int:
    """Check every send of a watch entry. Returns the number of sends that become unknown.

    At most four DynamoDB calls for 50 sends of a source: one read, one write for the next check, one or two for the
    list.
    """
    if isinstance(entry, TransactionalWatch):
        return sum(_sweep_transactional(lead_id, send_id, entry.began, now) for lead_id, send_id in entry.sends)
    return _sweep_source(entry, now)


def _sweep_source(entry: WatchedSource, now: datetime) -> int:
    sends = entry.sends()
    items = table.get_many([key for send in sends for key in (_key(send), send.claimed)], consistent=True)
    claims = [(send, plain({"M": items.get(send.claimed, {})})) for send in sends]
    unclear = [(send, claim) for send, claim in claims if _is_unclear(entry, send, items.get(_key(send)), claim)]
    if not unclear:
        return 0
    # Written before the list: a crash between the two repeats both, so that every listed send is checked again.
    check = entry.check(unclear, now)
    if check is not None:
        at = max(entry.began + CHECK_AFTER, now + NEIGHBOURHOOD)
        # The probe gives these attempts a neighbour even without other email.
        planned = due.due_item(at, due.WATCH, check.ref, check, now), probe_item(now, now + NEIGHBOURHOOD)
        table.put_many([encode(item) for item in planned])
    stored = [
        decode(SendItem, items[key]) if (key := _key(send)) in items else entry.ledger_item(send, now)
        for send, _ in unclear
    ]
    return list_unknown([send for send in stored if send.state != "unknown"], entry.began, now)


def _key(send: WatchedSend) -> tuple[str, str]:
    return keys.lead(send.lead_id), keys.send(send.send_id)


def _is_unclear(entry: WatchedSource, send: WatchedSend, stored: Row | None, claim: Mapping[str, Any]) -> bool:
    """Claimed, and without an outcome.

    A send that was not claimed is still in the queue, its dead-letter queue or the due index, and is ignored here.
    Planning it here too would double every failing message again and again (seen when a permission was missing).
    """
    item = plain({"M": stored or {}})
    if item and item["rank"] >= RANK["sending"]:
        return bool(item["state"] in ("sending", "unknown"))
    return entry.is_claimed(send, claim)


def _sweep_transactional(lead_id: str, send_id: str, began: datetime, now: datetime) -> int:
    send = find_send(lead_id, send_id)
    if send is None or send.purpose != "transactional" or send.state != "sending":
        return 0
    if int(send.repeats or 0) >= _TRANSACTIONAL_REPEATS:
        return list_unknown([send], began, now)
    # The due entry is written first: a crash between the two repeats both, so that every waiting email has a message.
    due.plan(now, due.TRANSACTIONAL, send_id, TransactionalSend(lead_id, send_id), now)
    with suppress(ConditionFailed):  # an SES event of this email was applied first
        repeat_once_more(send)
    return 0
