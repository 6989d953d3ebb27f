"""Reads what the audience decision asks of leads: contact state and segments, in one eventually consistent read."""

from collections.abc import Iterable

from sodate.broadcasts.audience import Candidate
from sodate.dynamodb import keys, table
from sodate.leads.store import to_state
from sodate.scoring.store import snapshot_of


def candidates_of(lead_ids: Iterable[str]) -> list[Candidate]:
    """In the given order; 50 leads are one call."""
    wanted = list(lead_ids)
    rows = table.get_many((keys.lead(lead_id), sk) for lead_id in wanted for sk in (keys.STATE, keys.SCORE))
    found = []
    for lead_id in wanted:
        state, score = rows.get((keys.lead(lead_id), keys.STATE)), rows.get((keys.lead(lead_id), keys.SCORE))
        segments = frozenset(snapshot_of(score).facts.facts.segments)
        found.append(Candidate(lead_id, to_state(state) if state else None, segments))
    return found
