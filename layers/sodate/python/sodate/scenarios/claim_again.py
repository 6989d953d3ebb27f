"""The claim of another attempt: the lead may still be emailed, and the outcome of every earlier attempt is unknown.

One transaction decides it, over STATE (which every opt-out writes) and over the ledger item of the previous attempt
(which every event of SES writes). The enrollment does not advance: the first claim advanced it past this step.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from sodate.dynamodb import base, bulk, keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Update
from sodate.email.delivery.ledger import StepRef
from sodate.email.delivery.store import SendItem
from sodate.leads.lead import State
from sodate.leads.store import StateItem, as_it_was, find_state, state_key
from sodate.scenarios.caps import cap_reached, minutes, minutes_needed
from sodate.scenarios.claim import ClaimRejected, Claims, permanent_rejection

#: A claim is made at most this long after the beginning of its invocation.
_INVOCATION = timedelta(minutes=2)
#: Index of the previous attempt's write in the transaction of `claim_again`.
_PREVIOUS = 1


@dataclass(frozen=True)
class Settled:
    """An earlier attempt has an outcome, or its ledger item no longer exists."""


@dataclass(frozen=True)
class Taken:
    """This attempt was claimed before."""


def claim_again(
    ref: StepRef, time_zone: str | None, evidence: str, claims: Claims
) -> ClaimRejected | Settled | Taken | None:
    """None exactly once: this caller sends the email. `time_zone`: the one the attempt was planned with."""
    previous = _previous(ref)
    if not isinstance(previous, SendItem):
        return previous
    state = find_state(ref.lead_id)
    if state is None or state.zone != time_zone or _is_rejected(state, ref, claims, previous):
        return ClaimRejected(without_previous(state, claims.topic, previous) if state else None)
    mailed = without_previous(state, claims.topic, previous)
    try:
        transaction.commit([_mailed(state, mailed, ref, claims), _is_followed(previous, ref, evidence)])
    except ConditionFailed as error:
        if _PREVIOUS in error.failed:
            again = _previous(ref)
            return again if not isinstance(again, SendItem) else Settled()
        return ClaimRejected(find_state(ref.lead_id))
    return None


def release_again(ref: StepRef, claimed: datetime) -> None:
    """Undo the claim of an email that certainly did not leave."""
    followed = SendItem(keys.lead(ref.lead_id), keys.send(ref.earlier[0].send_id))
    ends = [SendItem.next_attempt.remove(), SendItem.evidence.remove(), SendItem.is_double.remove()]
    with suppress(ConditionFailed):
        base.update(followed, ends, SendItem.next_attempt == ref.send_id)
    newest = StateItem.mailed[0]
    with suppress(ConditionFailed):
        base.update(state_key(ref.lead_id), [newest.remove()], newest == minutes(claimed))


def is_gone(state: State | None, ref: StepRef) -> bool:
    enrollment = state.enrollments.get(ref.sequence) if state else None
    return enrollment is None or enrollment.id != ref.enrollment_id


def without_previous(state: State, topic: str, previous: SendItem) -> State:
    """The previous attempt never left, so its minute counts for no cap."""
    return replace(
        state,
        mailed=_without(state.mailed, previous),
        mailed_in={**state.mailed_in, topic: _without(state.mailed_in.get(topic, ()), previous)},
    )


def _without(mailed: Sequence[int], previous: SendItem) -> tuple[int, ...]:
    began = datetime.fromisoformat(str(previous.attempted_at or previous.planned_at))
    earliest, latest = minutes(began), minutes(began + _INVOCATION)
    for index, minute in enumerate(mailed):
        if earliest <= minute <= latest:
            return (*mailed[:index], *mailed[index + 1 :])
    return tuple(mailed)


def _is_rejected(state: State, ref: StepRef, claims: Claims, previous: SendItem) -> bool:
    paused = state.pause_until is not None and state.pause_until > keys.stamp(claims.now)
    cap = cap_reached(claims.limits, without_previous(state, claims.topic, previous), claims.topic, claims.now)
    return is_gone(state, ref) or permanent_rejection(state, claims.topic) is not None or paused or cap is not None


def _previous(ref: StepRef) -> SendItem | Settled | Taken:
    """The previous attempt, when the outcome of all earlier attempts is unknown."""
    keys_of = [(keys.lead(ref.lead_id), keys.send(earlier.send_id)) for earlier in ref.earlier]
    items = bulk.get_many(keys_of, consistent=True)
    sends = [SendItem.from_raw_data(items[key]) for key in keys_of if key in items]
    if len(sends) < len(keys_of) or any(send.state != "unknown" for send in sends):
        return Settled()
    if sends[0].next_attempt is not None:
        return Taken() if sends[0].next_attempt == ref.send_id else Settled()
    return sends[0]


def _mailed(was: State, then: State, ref: StepRef, claims: Claims) -> Update:
    """Its condition holds while nothing that the decision depends on has changed."""
    now = minutes(claims.now)
    actions = [StateItem.mailed.set([now, *then.mailed][: minutes_needed(claims.limits, None)])]
    unchanged = (
        as_it_was(was, [claims.topic])
        & (StateItem.enrollments[ref.sequence]["id"] == ref.enrollment_id)
        & _same(StateItem.pause_until, was.pause_until)
        & _same(StateItem.frequency, was.frequency)
        & _same(StateItem.mailed, list(was.mailed) or None)
    )
    if by_topic := minutes_needed(claims.limits, claims.topic):
        path = StateItem.mailed_in[claims.topic]
        actions.append(path.set([now, *then.mailed_in[claims.topic]][:by_topic]))
        unchanged &= _same(path, list(was.mailed_in.get(claims.topic, ())) or None)
    return Update(state_key(ref.lead_id), actions, unchanged)


def _same(path: "Attribute[Any] | Path", value: object) -> Condition:
    return path.does_not_exist() if value is None else path == value


def _is_followed(previous: SendItem, ref: StepRef, evidence: str) -> Update:
    actions = [SendItem.next_attempt.set(ref.send_id), SendItem.evidence.set(evidence[:300])]
    unclear = (SendItem.state == "unknown") & SendItem.next_attempt.does_not_exist()
    return Update(SendItem(previous.pk, previous.sk), actions, unclear)
