"""Opt-out. It writes the STATE item that every send must claim, so that no email is sent after a committed opt-out."""

from datetime import datetime, timedelta
from typing import Literal

from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import MENDABLE, RETENTION, UNSUBSCRIBED, Evidence, Method
from sodate.consent.retention import review_later
from sodate.consent.store import consent_item, suppression_item
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Put, Update, Write
from sodate.errors import Transient
from sodate.leads.lead import State
from sodate.leads.store import StateItem, as_it_was, load_state, state_key

Scope = Literal["all", "topic"]
_TRIES = 5
#: The first two writes: state and evidence. A repeated opt-out writes only these, and no second activity.
_EVIDENCE = 2


def unsubscribe(
    lead_id: str,
    send_id: str,
    topic: str,
    scope: Scope,
    method: Method,
    now: datetime,
    retention: timedelta = RETENTION,
) -> bool:
    """Return True when this call changed something, False when the lead had opted out before.

    The opt-out of a lead that is blocked for another reason is recorded too, because that block may be lifted later.

    Raises: `NotFound` for an erased lead, `Transient` after five lost races.
    """
    for _ in range(_TRIES):
        state = load_state(lead_id)
        everything = scope == "all"
        topics = tuple(sorted(state.topics)) if everything else (topic,)
        is_opted_out = _is_opted_out(state, topics, everything)
        if is_opted_out and not _has_pending_request(state):
            return False
        writes = _writes(state, send_id, topics, everything, method, now, retention)
        try:
            transaction.commit(writes[:_EVIDENCE] if is_opted_out else writes)
        except ConditionFailed:
            continue
        return True
    raise Transient(f"lead {lead_id} changes too fast; try again")


def _is_opted_out(state: State, topics: tuple[str, ...], everything: bool) -> bool:
    if everything:
        return state.blocked not in MENDABLE and all(state.topics.get(name) == "withdrawn" for name in topics)
    return state.blocked == UNSUBSCRIBED or all(state.topics.get(name) == "withdrawn" for name in topics)


def _has_pending_request(state: State) -> bool:
    """An opt-in request is pending: a repeated opt-out must be recorded, or its link could undo the opt-out."""
    return state.opt_in_mails > 0 and (state.opt_in_mail_at or "") > (state.opted_out_at or "")


def _writes(
    state: State,
    send_id: str,
    topics: tuple[str, ...],
    everything: bool,
    method: Method,
    now: datetime,
    retention: timedelta,
) -> list[Write]:
    actions: list[Action] = [StateItem.topics[topic].set("withdrawn") for topic in topics]
    actions.append(StateItem.opted_out_at.set(keys.stamp(now)))
    stops = everything and state.blocked in MENDABLE
    if stops:
        actions.append(StateItem.blocked.set(UNSUBSCRIBED))
    key = activity_key("unsubscribed", send_id, "all" if everything else topics[0])
    evidence = Evidence(state.lead_id, now, "withdrawn", method, topics, reference=send_id)
    about = {"send": send_id, "scope": "all" if everything else topics[0]}
    writes: list[Write] = [
        Update(state_key(state.lead_id), actions, as_it_was(state, topics)),
        Put(consent_item(evidence, key, now + retention)),
        Put(activity_item(Activity(state.lead_id, "unsubscribed", now, key, about))),
    ]
    writes.append(review_later(state.lead_id, retention, now))
    if stops:
        writes.append(Put(suppression_item(state.address_key, UNSUBSCRIBED, now)))
    return writes
