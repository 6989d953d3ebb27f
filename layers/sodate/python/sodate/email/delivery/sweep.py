"""Fifteen minutes after an attempt: what was claimed and has no outcome, and no event of its tag, is listed.

Step mail becomes `unknown`; hours later `scenarios.next_attempt` decides whether it is sent again. A transactional
email gets one more attempt at once. What crashed before its claim comes back by its own message and is claimed then.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sodate.dynamodb import bulk, keys
from sodate.dynamodb.base import ConditionFailed
from sodate.email.delivery.breaker_probe import probe_item
from sodate.email.delivery.ledger import RANK, StepRef
from sodate.email.delivery.ledger import send_id as hash_of
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef, batch_of, transactional_message
from sodate.email.delivery.store import SendItem, find_send, put_back, step_send
from sodate.email.delivery.unknown import list_unknown
from sodate.scheduling import store as due

AFTER = timedelta(minutes=15)
#: SES reports within minutes on almost every email. After this long without a report there is another look.
LOOK_AFTER = timedelta(hours=6)
#: Emails that SES took within this time of an attempt or of its listing are neighbours of the attempt.
NEIGHBOURHOOD = timedelta(hours=1)
_TRANSACTIONAL_REPEATS = 1


def watch_batch(batch: EnrollmentBatch, attempt: str, began: datetime, now: datetime) -> None:
    """Before the first claim: who is about to be attempted. Afterwards: who is unclear; most often nobody.

    Each attempt has an entry of its own, so that closing one never covers what another left behind.
    """
    message = {**batch.message(), "what": "watch", "began": keys.stamp(began)}
    if batch.attempt == 1:
        message["leads"] = [[enrollment.lead_id, enrollment.enrollment_id] for enrollment in batch.enrollments]
    due.plan(began + AFTER, due.WATCH, "watch", attempt, message, now)


def watch_transactionals(sends: Sequence[tuple[str, str]], batch_id: str, now: datetime) -> None:
    """One entry for a whole batch: (lead id, send id) of all that is about to be attempted.

    Its key names every send: two batches that begin with the same message must not overwrite each other's entry.
    """
    message = {"v": 1, "what": "watch", "sends": [list(send) for send in sends], "began": keys.stamp(now)}
    due.plan(now + AFTER, due.WATCH, "watch", hash_of(batch_id, *(send for _, send in sends)), message, now)


def sweep(message: Mapping[str, Any], now: datetime) -> int:
    """Look at every send of a watch entry. Returns how many are unknown from now on.

    Of 50 leads at most four calls: all are read in one, planned for a second look in one, and listed in one or two.
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
    found = bulk.get_many(
        [key for enrollment in batch.enrollments for key in _keys(batch.ref(enrollment))], consistent=True
    )
    unclear = [
        _dated(enrollment, batch, found)
        for enrollment in batch.enrollments
        if _is_unclear(batch.ref(enrollment), found)
    ]
    if not unclear:
        return 0
    # Before they are listed: a crash in between repeats both, and no listed send is without a later look.
    bulk.put_many([bulk.raw(item) for item in _look_later(batch, unclear, began, now)])
    sends = [_send(batch.ref(enrollment), found, now) for enrollment in unclear]
    return list_unknown([send for send in sends if send.state != "unknown"], began, now)


def _keys(ref: StepRef) -> list[tuple[str, str]]:
    """The ledger item, and the item that the claim wrote."""
    pk = keys.lead(ref.lead_id)
    claimed = keys.STATE if ref.attempt == 1 else keys.send(ref.earlier[0].send_id)
    return [(pk, keys.send(ref.send_id)), (pk, claimed)]


def _is_unclear(ref: StepRef, found: Mapping[tuple[str, str], bulk.Raw]) -> bool:
    """Claimed, and without an outcome.

    What was not claimed still lies in the queue, its dead-letter queue or the due index, and is left alone. Handing it
    over here as well would make two messages of every failing one, then four (seen when a permission was missing).
    """
    send, claim = (bulk.plain({"M": found.get(key, {})}) for key in _keys(ref))
    if send and send["rank"] >= RANK["sending"]:
        return bool(send["state"] in ("sending", "unknown"))
    return _is_claimed(ref, claim)


def _is_claimed(ref: StepRef, item: Mapping[str, Any]) -> bool:
    if ref.attempt > 1:
        return bool(item.get("next_attempt") == ref.send_id)
    enrollment = item.get("enrollments", {}).get(ref.sequence, {})
    return bool(enrollment.get("id") == ref.enrollment_id and enrollment["step"] > ref.step)


def _dated(
    enrollment: EnrollmentRef, batch: EnrollmentBatch, found: Mapping[tuple[str, str], bulk.Raw]
) -> EnrollmentRef:
    """With what the next attempt must know, and a watch entry leaves out because it is written for every email."""
    if enrollment.since is not None:
        return enrollment
    state = bulk.plain({"M": found.get((keys.lead(enrollment.lead_id), keys.STATE), {})})
    since = state.get("enrollments", {}).get(batch.sequence, {}).get("since")
    return replace(enrollment, since=datetime.fromisoformat(since) if since else None, time_zone=state.get("zone"))


def _send(ref: StepRef, found: Mapping[tuple[str, str], bulk.Raw], now: datetime) -> SendItem:
    raw = found.get(_keys(ref)[0])
    return SendItem.from_raw_data(raw) if raw else step_send(ref, "", "", now)


def _look_later(
    batch: EnrollmentBatch, enrollments: Sequence[EnrollmentRef], began: datetime, now: datetime
) -> list[due.DueItem]:
    """And a probe, so that there is a neighbour even when nothing else leaves around these attempts."""
    message = {
        **batch.of(enrollments).message(),
        "what": "look",
        "began": keys.stamp(began),
        "listed": keys.stamp(now),
    }
    at = max(began + LOOK_AFTER, now + NEIGHBOURHOOD)
    ref = hash_of("look", batch.of(enrollments).id, keys.stamp(began))
    return [due.due_item(at, due.WATCH, "look", ref, message, now), probe_item(now, now + NEIGHBOURHOOD)]


def _repeat_transactional(send: SendItem, began: datetime, now: datetime) -> int:
    if int(send.repeats or 0) >= _TRANSACTIONAL_REPEATS:
        return list_unknown([send], began, now)
    # The due entry first: a crash between these writes repeats both, so every waiting email has a message.
    due.plan(
        now, due.TRANSACTIONAL, "transactional", send.send_id, transactional_message(send.lead_id, send.send_id), now
    )
    with suppress(ConditionFailed):  # an event of this very mail was faster
        put_back(send, "repeated_after_no_answer", SendItem.repeats.set(int(send.repeats or 0) + 1))
    return 0
