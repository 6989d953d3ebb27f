"""The claim of a second attempt: the lead may still be mailed, and nothing is known of the first attempt yet.

One transaction decides it, over STATE (which every opt-out writes) and over the ledger item of the first attempt (which
every event of SES writes). The run stands where it stood: its step was passed by the first claim.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from sodate.leads.lead import State
from sodate.leads.store import StateItem, as_it_was, find_state, state_key
from sodate.mail.ledger import StepRef
from sodate.mail.store import SendItem, find_send
from sodate.scenarios.caps import kept, minutes, reached
from sodate.scenarios.claim import Claims, Refused, why_never
from sodate.table import base, keys, transaction
from sodate.table.base import ConditionFailed
from sodate.table.transaction import Update

#: A first claim is at most this much younger than the beginning of its invocation.
_INVOCATION = timedelta(minutes=2)
_FIRST = 1


@dataclass(frozen=True)
class Settled:
    """What the ledger says of the first attempt; None when it is gone."""

    state: str | None


@dataclass(frozen=True)
class Taken:
    """This very second attempt was claimed before."""


def claim_again(ref: StepRef, zone: str | None, evidence: str, claims: Claims) -> Refused | Settled | Taken | None:
    """None exactly once: the email is ours to send. `zone` is the one it was planned with."""
    first = find_send(ref.lead_id, ref.first_send_id)
    if first is None or first.second_attempt is not None or first.state != "unknown":
        return _why(first, ref)
    state = find_state(ref.lead_id)
    if state is None or state.zone != zone or _is_refused(state, ref, claims, first):
        return Refused(without_first(state, claims.topic, first) if state else None)
    mailed = without_first(state, claims.topic, first)
    try:
        transaction.commit([_mailed(state, mailed, ref, claims), _first_is_followed(first, ref, evidence)])
    except ConditionFailed as error:
        if _FIRST in error.failed:
            return _why(find_send(ref.lead_id, ref.first_send_id), ref)
        return Refused(find_state(ref.lead_id))
    return None


def release_again(ref: StepRef, claimed: datetime) -> None:
    """Undo the claim of an email that certainly did not leave."""
    followed = SendItem(keys.lead(ref.lead_id), keys.send(ref.first_send_id))
    ends = [SendItem.second_attempt.remove(), SendItem.evidence.remove(), SendItem.is_double.remove()]
    with suppress(ConditionFailed):
        base.update(followed, ends, SendItem.second_attempt == ref.send_id)
    newest = StateItem.mailed[0]
    with suppress(ConditionFailed):
        base.update(state_key(ref.lead_id), [newest.remove()], newest == minutes(claimed))


def is_gone(state: State | None, ref: StepRef) -> bool:
    run = state.enrolments.get(ref.sequence) if state else None
    return run is None or run.id != ref.enrolment


def without_first(state: State, topic: str, first: SendItem) -> State:
    """The first attempt never left, so its minute counts for no cap."""
    return replace(
        state,
        mailed=_without(state.mailed, first),
        mailed_in={**state.mailed_in, topic: _without(state.mailed_in.get(topic, ()), first)},
    )


def _without(mailed: Sequence[int], first: SendItem) -> tuple[int, ...]:
    began = datetime.fromisoformat(str(first.attempted_at or first.planned_at))
    earliest, latest = minutes(began), minutes(began + _INVOCATION)
    for index, minute in enumerate(mailed):
        if earliest <= minute <= latest:
            return (*mailed[:index], *mailed[index + 1 :])
    return tuple(mailed)


def _is_refused(state: State, ref: StepRef, claims: Claims, first: SendItem) -> bool:
    paused = state.pause_until is not None and state.pause_until > keys.stamp(claims.now)
    cap = reached(claims.limits, without_first(state, claims.topic, first), claims.topic, claims.now)
    return is_gone(state, ref) or why_never(state, claims.topic) is not None or paused or cap is not None


def _why(first: SendItem | None, ref: StepRef) -> Settled | Taken:
    if first is not None and first.second_attempt == ref.send_id:
        return Taken()
    return Settled(str(first.state) if first is not None else None)


def _mailed(was: State, then: State, ref: StepRef, claims: Claims) -> Update:
    """True while nothing that the decision rests on has changed."""
    now = minutes(claims.now)
    actions = [StateItem.mailed.set([now, *then.mailed][: kept(claims.limits, None)])]
    unchanged = (
        as_it_was(was, [claims.topic])
        & (StateItem.enrolments[ref.sequence]["id"] == ref.enrolment)
        & _same(StateItem.pause_until, was.pause_until)
        & _same(StateItem.frequency, was.frequency)
        & _same(StateItem.mailed, list(was.mailed) or None)
    )
    if by_topic := kept(claims.limits, claims.topic):
        held = StateItem.mailed_in[claims.topic]
        actions.append(held.set([now, *then.mailed_in[claims.topic]][:by_topic]))
        unchanged &= _same(held, list(was.mailed_in.get(claims.topic, ())) or None)
    return Update(state_key(ref.lead_id), actions, unchanged)


def _same(place: "Attribute[Any] | Path", value: object) -> Condition:
    return place.does_not_exist() if value is None else place == value


def _first_is_followed(first: SendItem, ref: StepRef, evidence: str) -> Update:
    """Of the first attempt: its second one leaves now, and why."""
    actions = [SendItem.second_attempt.set(ref.send_id), SendItem.evidence.set(evidence[:300])]
    unclear = (SendItem.state == "unknown") & SendItem.second_attempt.does_not_exist()
    return Update(SendItem(first.pk, first.sk), actions, unclear)
