"""How long evidence is kept: what stands for a topic has no end, the rest ends `retention` after the latest opt-out.

An opt-out writes only a due entry; the ends of the evidence follow from it in batches. Each batch rests on the state of
the lead by condition, so evidence that a new consent needs again never gets an end. Running twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.update import Action

from sodate.consent.store import ConsentItem, consents_of
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Put, Update
from sodate.errors import Transient
from sodate.leads.lead import State
from sodate.leads.store import StateItem, as_it_was, find_state, state_key
from sodate.scheduling import store as due

WHAT = "evidence"
#: Beside the condition on STATE a transaction takes 99.
_BATCH = 50
_TRIES = 5


def review_later(lead_id: str, retention: timedelta, now: datetime) -> Put:
    """To be written with the change of consent that makes the review necessary."""
    seconds = int(retention.total_seconds())
    message = {"v": 1, "what": WHAT, "lead": lead_id, "since": keys.stamp(now), "keep_seconds": seconds}
    return Put(due.due_item(now, due.DECAY, WHAT, f"{lead_id}#{keys.stamp(now)}", message, now))


def review(entry: Mapping[str, Any]) -> int:
    """The due entry comes up. How many items got another end. A repeat finds nothing left to change."""
    lead_id = str(entry["lead"])
    until = datetime.fromisoformat(str(entry["since"])) + timedelta(seconds=int(entry["keep_seconds"]))
    for _ in range(_TRIES):
        state = find_state(lead_id)
        if state is None:
            return 0  # erased; its evidence has an end of its own
        updates = changed_ends(state, consents_of(lead_id), until)
        try:
            for start in range(0, len(updates), _BATCH):
                transaction.commit([_unchanged(state, entry), *updates[start : start + _BATCH]])
        except ConditionFailed:
            continue  # the consent changed meanwhile: look again
        return len(updates)
    raise Transient(f"the consent of lead {lead_id} changes too fast; its evidence is reviewed again")


def changed_ends(state: State, evidence: Sequence[ConsentItem], until: datetime) -> list[Update]:
    """A withdrawal has had its end since it was written."""
    standing = {topic for topic, status in state.topics.items() if status != "withdrawn"}
    updates = []
    for item in evidence:
        if item.action == "withdrawn":
            continue
        if not standing.isdisjoint(item.topics):
            if item.ttl is not None:
                updates.append(Update(item, [ConsentItem.ttl.remove()], ConsentItem.action.exists()))
        elif item.ttl is None:
            end: list[Action] = [ConsentItem.ttl.set(int(until.timestamp()))]
            # A request that was renewed meanwhile has another time.
            updates.append(Update(item, end, ConsentItem.at == item.at))
    return updates


def _unchanged(state: State, entry: Mapping[str, Any]) -> Update:
    """Writes what is there already; its condition is what counts."""
    same = StateItem.opted_out_at.set(state.opted_out_at or str(entry["since"]))
    return Update(state_key(state.lead_id), [same], as_it_was(state, state.topics))
