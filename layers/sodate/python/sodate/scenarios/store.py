"""The part of a claim that belongs to a sequence: the enrollment is at the step, and advances."""

from sodate.dynamodb.statement import number, text
from sodate.email.eligibility.store import Guard
from sodate.leads.store import enrolled_at, step_set


def step_guard(sequence: str) -> Guard:
    """Parameters: `enrollment` (its id), `step`, and `then` (the index of the next step)."""
    return Guard(enrolled_at(sequence, text("enrollment"), number("step")), [step_set(sequence, number("then"))])
