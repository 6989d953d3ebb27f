"""Recycling: a rejected or lost lead enrolls again in the sequence of its reason, if it may still be emailed."""

from datetime import datetime, timedelta

from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.errors import NotFound
from sodate.leads.store import find_state
from sodate.playbook.store import Definitions
from sodate.sales import store
from sodate.sales.definition import Sales
from sodate.sales.due_entries import Recycle
from sodate.scenarios.enroll import enroll_again
from sodate.scheduling import store as due
from sodate.signals.store import find_signal


def recycle_entries(
    lead_id: str, signal_key: str, answer_key: str, reason: str | None, sales: Sales, now: datetime
) -> list[Put]:
    """The due entry, for the transaction of the feedback; empty when its reason does not recycle."""
    wanted = sales.recycle.get(reason or "")
    if wanted is None:
        return []
    entry = Recycle(lead_id, signal_key, answer_key, wanted.sequence)
    at = now + timedelta(days=wanted.after_days)
    return [Put(due.due_item(at, due.SALES, answer_key, entry, now))]


def recycle(definitions: Definitions, entry: Recycle, now: datetime) -> str:
    """Enroll once per feedback, and only while it is the latest. The signal records the sequence or why not."""
    signal, state = find_signal(entry.lead_id, entry.signal), find_state(entry.lead_id)
    if signal is None or state is None or signal.feedback_key != entry.feedback_key or signal.recycled is not None:
        return "changed_meanwhile"
    try:
        again = enroll_again(definitions, state, entry.sequence, entry.feedback_key, now)
    except NotFound:
        again = "sequence_retired"
    outcome = again if isinstance(again, str) else entry.sequence
    writes = [] if isinstance(again, str) else again
    try:
        table.commit([store.recycling_write(signal, outcome), *writes])
    except ConditionFailed:
        # Concurrent opt-out or feedback: decide again on current data.
        fresh = find_signal(entry.lead_id, entry.signal)
        if fresh is not None and fresh.recycled is None and fresh.feedback_key == entry.feedback_key:
            return recycle(definitions, entry, now)
        return "changed_meanwhile"
    return outcome
