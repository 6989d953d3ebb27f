"""Sweeps sends fifteen minutes after their attempt: lists those that were claimed and have no outcome and no SES event.

A step mail becomes `unknown`; hours later `scenarios.next_attempt` decides whether it is sent again. A transactional
email gets one more attempt at once. A send whose sender crashed before the claim is not listed: the queue redelivers
its message.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, decode, encode, plain
from sodate.dynamodb.table import ConditionFailed
from sodate.email.delivery.breaker_probe import probe_item
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef, batch_of, transactional_message
from sodate.email.ledger.states import RANK, StepRef
from sodate.email.ledger.states import send_id as hash_of
from sodate.email.ledger.store import SendItem, find_send, repeat_once_more, step_send
from sodate.email.operator_lists.unknown import list_unknown
from sodate.scheduling import store as due

AFTER = timedelta(minutes=15)
#: SES reports within minutes on almost every email. After this long without a report, the attempt is checked again.
CHECK_AFTER = timedelta(hours=6)
#: Emails that SES accepted within this time of an attempt or of its listing are neighbours of the attempt.
NEIGHBOURHOOD = timedelta(hours=1)
_TRANSACTIONAL_REPEATS = 1


def watch_batch(batch: EnrollmentBatch, attempt: str, began: datetime, now: datetime) -> None:
    """Before the first claim: all enrollments of the attempt. Afterwards: those without a known outcome, usually none.

    Each attempt has a separate entry, so that closing one never removes the open enrollments of another.
    """
    message = {**batch.message(), "what": "watch", "began": keys.stamp(began)}
    if batch.attempt == 1:
        message["leads"] = [[enrollment.lead_id, enrollment.enrollment_id] for enrollment in batch.enrollments]
    due.plan(began + AFTER, due.WATCH, "watch", attempt, message, now)


def watch_transactionals(sends: Sequence[tuple[str, str]], batch_id: str, now: datetime) -> None:
    """One entry for a whole batch, before its attempts. `sends`: (lead id, send id).

    Its key contains every send: two batches that begin with the same message must not overwrite each other's entry.
    """
    message = {"v": 1, "what": "watch", "sends": [list(send) for send in sends], "began": keys.stamp(now)}
    due.plan(now + AFTER, due.WATCH, "watch", hash_of(batch_id, *(send for _, send in sends)), message, now)


def sweep(message: Mapping[str, Any], now: datetime) -> int:
    """Check every send of a watch entry. Returns the number of sends that become unknown.

    At most four DynamoDB calls for 50 leads: one read, one write for the next check, one or two for the list.
    """
    began = datetime.fromisoformat(str(message.get("began") or keys.stamp(now - AFTER)))
    listed = 0
    if message.get("leads"):
        listed += _sweep_batch(batch_of({**message, "what": "steps"}), began, now)
    for lead_id, send_id in message.get("sends", ()):
        send = find_send(lead_id, send_id)
        if send is not None and send.purpose == "transactional" and send.state == "sending":
            listed += _repeat_transactional(send, began, now)
    return listed


def _sweep_batch(batch: EnrollmentBatch, began: datetime, now: datetime) -> int:
    items = table.get_many(
        [key for enrollment in batch.enrollments for key in _keys(batch.ref(enrollment))], consistent=True
    )
    unclear = [
        _dated(enrollment, batch, items)
        for enrollment in batch.enrollments
        if _is_unclear(batch.ref(enrollment), items)
    ]
    if not unclear:
        return 0
    # Written before the list: a crash between the two repeats both, so that every listed send is checked again.
    table.put_many([encode(item) for item in _plan_check(batch, unclear, began, now)])
    sends = [_send(batch.ref(enrollment), items, now) for enrollment in unclear]
    return list_unknown([send for send in sends if send.state != "unknown"], began, now)


def _keys(ref: StepRef) -> list[tuple[str, str]]:
    """Keys of the ledger item and of the item that the claim wrote."""
    pk = keys.lead(ref.lead_id)
    claimed = keys.STATE if ref.attempt == 1 else keys.send(ref.earlier[0].send_id)
    return [(pk, keys.send(ref.send_id)), (pk, claimed)]


def _is_unclear(ref: StepRef, items: Mapping[tuple[str, str], Row]) -> bool:
    """Claimed, and without an outcome.

    A send that was not claimed is still in the queue, its dead-letter queue or the due index, and is ignored here.
    Planning it here too would double every failing message again and again (seen when a permission was missing).
    """
    send, claim = (plain({"M": items.get(key, {})}) for key in _keys(ref))
    if send and send["rank"] >= RANK["sending"]:
        return bool(send["state"] in ("sending", "unknown"))
    return _is_claimed(ref, claim)


def _is_claimed(ref: StepRef, item: Mapping[str, Any]) -> bool:
    if ref.attempt > 1:
        return bool(item.get("next_attempt") == ref.send_id)
    enrollment = item.get("enrollments", {}).get(ref.sequence, {})
    return bool(enrollment.get("id") == ref.enrollment_id and enrollment["step"] > ref.step)


def _dated(enrollment: EnrollmentRef, batch: EnrollmentBatch, items: Mapping[tuple[str, str], Row]) -> EnrollmentRef:
    """Adds `since` and `time_zone` for the next attempt; the watch entry, which every email has, omits them."""
    if enrollment.since is not None:
        return enrollment
    state = plain({"M": items.get((keys.lead(enrollment.lead_id), keys.STATE), {})})
    since = state.get("enrollments", {}).get(batch.sequence, {}).get("since")
    return replace(enrollment, since=datetime.fromisoformat(since) if since else None, time_zone=state.get("zone"))


def _send(ref: StepRef, items: Mapping[tuple[str, str], Row], now: datetime) -> SendItem:
    raw = items.get(_keys(ref)[0])
    return decode(SendItem, raw) if raw else step_send(ref, "", "", now)


def _plan_check(
    batch: EnrollmentBatch, enrollments: Sequence[EnrollmentRef], began: datetime, now: datetime
) -> list[due.DueItem]:
    """The entry for the next check, and a probe, so that these attempts have a neighbour even without other email."""
    message = {
        **batch.of(enrollments).message(),
        "what": "look",
        "began": keys.stamp(began),
        "listed": keys.stamp(now),
    }
    at = max(began + CHECK_AFTER, now + NEIGHBOURHOOD)
    ref = hash_of("look", batch.of(enrollments).id, keys.stamp(began))
    return [due.due_item(at, due.WATCH, "look", ref, message, now), probe_item(now, now + NEIGHBOURHOOD)]


def _repeat_transactional(send: SendItem, began: datetime, now: datetime) -> int:
    if int(send.repeats or 0) >= _TRANSACTIONAL_REPEATS:
        return list_unknown([send], began, now)
    # The due entry is written first: a crash between the two repeats both, so that every waiting email has a message.
    due.plan(
        now, due.TRANSACTIONAL, "transactional", send.send_id, transactional_message(send.lead_id, send.send_id), now
    )
    with suppress(ConditionFailed):  # an SES event of this email was applied first
        repeat_once_more(send)
    return 0
