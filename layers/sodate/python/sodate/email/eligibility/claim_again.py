"""The claim of another attempt: the lead may still be emailed, and the outcome of every earlier attempt is unknown.

One transaction decides it, over STATE (which every opt-out writes) and over the ledger item of the previous attempt
(which every event of SES writes). The source's state does not change: the first claim changed it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.eligibility import store
from sodate.email.eligibility.caps import minutes, minutes_needed
from sodate.email.eligibility.claim import ClaimRejected, Claims
from sodate.email.eligibility.decide import may_claim
from sodate.email.ledger.store import SendItem, find_sends, followed_by, unlink_next_attempt
from sodate.email.send_request import SendRequest, SendSource
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state

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
    request: SendRequest, source: SendSource, evidence: str, claims: Claims
) -> ClaimRejected | Settled | Taken | None:
    """None exactly once: this caller sends the email."""
    previous = _previous(request)
    if not isinstance(previous, SendItem):
        return previous
    state = find_state(request.lead_id)
    if state is None:
        return ClaimRejected(None)
    without = _without_previous(state, claims.topic, previous)
    is_gone = source.position(state, request) == "gone"
    if is_gone or state.zone != request.time_zone or not may_claim(without, claims.topic, claims.limits, claims.now):
        return ClaimRejected(without)
    now = minutes(claims.now)
    mailed = [now, *without.mailed][: minutes_needed(claims.limits, None)]
    by_topic = minutes_needed(claims.limits, claims.topic)
    in_topic = [now, *without.mailed_in[claims.topic]][:by_topic] if by_topic else []
    change = store.mailed_change(state, mailed, claims.topic, in_topic, source.still_wanted(request))
    try:
        table.commit([change, followed_by(previous, request.send_id, evidence)])
    except ConditionFailed as error:
        if _PREVIOUS in error.failed:
            again = _previous(request)
            return again if not isinstance(again, SendItem) else Settled()
        return ClaimRejected(find_state(request.lead_id))
    return None


def release_again(request: SendRequest, claimed: datetime) -> None:
    """Undo the claim of an email that certainly did not leave."""
    with suppress(ConditionFailed):
        unlink_next_attempt(request.lead_id, request.earlier[0], request.send_id)
    with suppress(ConditionFailed):
        store.forget_minute(request.lead_id, minutes(claimed))


def _without_previous(state: ContactState, topic: str, previous: SendItem) -> ContactState:
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


def _previous(request: SendRequest) -> SendItem | Settled | Taken:
    """The previous attempt, when the outcome of all earlier attempts is unknown."""
    sends = find_sends([(request.lead_id, send_id) for send_id in request.earlier])
    if any(send is None or not send.is_unknown for send in sends):
        return Settled()
    latest = sends[0]
    if latest is None:
        return Settled()
    if latest.next_attempt is not None:
        return Taken() if latest.next_attempt == request.send_id else Settled()
    return latest
