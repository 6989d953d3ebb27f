"""Conditions and changes of one enrollment in STATE, without reading the state; and its part of a claim."""

from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb.statement import number, text
from sodate.dynamodb.table import Update
from sodate.email.eligibility.store import Guard
from sodate.leads.contact_state import Visit
from sodate.leads.store import StateItem, state_key


def step_change(lead_id: str, sequence: str, enrollment_id: str, step: int, then: int) -> Update:
    """Move an enrollment from `step` to `then`, without reading the state."""
    return Update(state_key(lead_id), [step_set(sequence, then)], enrolled_at(sequence, enrollment_id, step))


def visit_change(
    lead_id: str, name: str, enrollment_id: str, before: tuple[int, Visit], after: tuple[int, Visit]
) -> Update:
    """Move an enrollment in a scenario from one step and visit to another, without reading the state."""
    (step, visit), (then, next_visit) = before, after
    return Update(
        state_key(lead_id),
        [step_set(name, then), *visit_set(name, next_visit.number, next_visit.at)],
        enrolled_at(name, enrollment_id, step) & visits(name, visit.number, visit.at),
    )


def enrolled(name: str, enrollment_id: str) -> Condition:
    """True while the lead is in this enrollment, at any step."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["id"] == enrollment_id) & enrollment["end"].does_not_exist()
    return condition


def step_set(name: str, step: Any) -> Action:
    action: Action = StateItem.enrollments[name]["step"].set(step)
    return action


def visit_set(name: str, number: Any, at: Any) -> list[Action]:
    enrollment = StateItem.enrollments[name]
    return [enrollment["m"].set(number), enrollment["e"].set(at)]


def enrolled_at(name: str, enrollment_id: Any, step: Any) -> Condition:
    """True while the lead is in this enrollment, at this step; both may be parameters of a statement."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["id"] == enrollment_id) & (enrollment["step"] == step)
    return condition


def visits(name: str, number: Any, at: Any) -> Condition:
    """True during this visit of a step; both may be parameters of a statement."""
    enrollment = StateItem.enrollments[name]
    condition: Condition = (enrollment["m"] == number) & (enrollment["e"] == at)
    return condition


def step_guard(sequence: str) -> Guard:
    """Parameters: `enrollment` (its id), `step`, and `then` (the index of the next step)."""
    return Guard(enrolled_at(sequence, text("enrollment"), number("step")), [step_set(sequence, number("then"))])


def visit_guard(name: str) -> Guard:
    """As `step_guard`, for a scenario. Further parameters: `visit` and `entered` of the step's visit, `next_visit` and
    `next_entered` of the next one.
    """
    step = step_guard(name)
    return Guard(
        step.condition & visits(name, number("visit"), number("entered")),
        [*step.actions, *visit_set(name, number("next_visit"), number("next_entered"))],
    )
