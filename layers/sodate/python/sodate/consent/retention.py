"""Retention of consent evidence: evidence of an active topic has no TTL; other evidence expires `retention` after the
latest opt-out.

An opt-out writes only a due entry; `review` sets the TTLs in batches when that entry is due. Each batch is conditional
on the unchanged state of the lead, so evidence that a new consent needs again never expires. `review` is idempotent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sodate.consent.store import ConsentItem, consents_of, end_evidence, keep_evidence
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Update
from sodate.errors import Transient
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state, state_change
from sodate.messages import Message
from sodate.scheduling import store as due

#: A transaction takes 100 items, one of which is the condition on STATE.
_BATCH = 50
_TRIES = 5


@dataclass(frozen=True, slots=True)
class EvidenceReview:
    """Due entry. Evidence that no active topic needs is kept for `retention` after `since`."""

    what: ClassVar[str] = "evidence"
    lead_id: str
    since: datetime
    retention: timedelta

    def to_message(self) -> dict[str, Any]:
        seconds = int(self.retention.total_seconds())
        since = keys.stamp(self.since)
        return {"v": 1, "what": self.what, "lead": self.lead_id, "since": since, "keep_seconds": seconds}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "EvidenceReview":
        since = datetime.fromisoformat(str(message["since"]))
        return cls(str(message["lead"]), since, timedelta(seconds=int(message["keep_seconds"])))


def review_later(lead_id: str, retention: timedelta, now: datetime) -> Put:
    """The due entry, to be written in the same transaction as the consent change that makes the review necessary."""
    entry = EvidenceReview(lead_id, now, retention)
    return Put(due.due_item(now, due.DECAY, f"{lead_id}#{keys.stamp(now)}", entry, now))


def review(entry: EvidenceReview) -> int:
    """Process the due entry. Returns how many items got a new or no TTL; a repeat changes nothing.

    Raises: `Transient` after five lost races.
    """
    lead_id, until = entry.lead_id, entry.since + entry.retention
    for _ in range(_TRIES):
        state = find_state(lead_id)
        if state is None:
            return 0  # erased; the erasure set the TTL of its evidence
        unchanged = state_change(state, state, state.topics)
        updates = changed_ends(state, consents_of(lead_id), until)
        try:
            for start in range(0, len(updates), _BATCH):
                table.commit([unchanged, *updates[start : start + _BATCH]])
        except ConditionFailed:
            continue  # concurrent consent change: read again
        return len(updates)
    raise Transient(
        Message("the consent of lead {lead_id} changes too fast; its evidence is reviewed again", lead_id=lead_id)
    )


def changed_ends(state: ContactState, evidence: Sequence[ConsentItem], until: datetime) -> list[Update]:
    """Updates of TTLs. Withdrawals are skipped: they get their TTL when they are written."""
    active = {topic for topic, status in state.topics.items() if status != "withdrawn"}
    updates = []
    for item in evidence:
        if item.action == "withdrawn":
            continue
        if not active.isdisjoint(item.topics):
            if item.ttl is not None:
                updates.append(keep_evidence(item))
        elif item.ttl is None:
            updates.append(end_evidence(item, until))
    return updates
