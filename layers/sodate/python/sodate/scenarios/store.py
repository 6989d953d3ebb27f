"""Conditions and changes of one enrollment in STATE, without reading the state; and its part of a claim."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys
from sodate.dynamodb.statement import number, text
from sodate.dynamodb.table import Update
from sodate.email.eligibility.store import Guard
from sodate.leads.contact_state import Enrollment, Visit
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, StateItem, equal, profile_key, state_key


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


def as_enrolled(name: str, enrollment: Enrollment) -> Condition:
    """True while the enrollment has not moved and not ended."""
    at_step, visit = enrolled_at(name, enrollment.id, enrollment.step), enrollment.visit
    if visit is not None:
        at_step &= visits(name, visit.number, visit.at)
    condition: Condition = at_step & equal(StateItem.enrollments[name]["end"], enrollment.ended)
    return condition


def profile_change(before: Profile, values: Mapping[str, Any], now: datetime) -> Update:
    """Set values by path (`secondary.tags`), while those of lists are as in `before`."""
    groups = {"primary": ProfileItem.primary, "secondary": ProfileItem.secondary, "source": ProfileItem.source}
    actions: list[Action] = [ProfileItem.updated.set(keys.stamp(now))]
    condition: Condition = ProfileItem.created.exists()
    for path, value in values.items():
        group, _, name = path.partition(".")
        actions.append(groups[group][name].set(value))
        if isinstance(value, list):
            condition &= equal(groups[group][name], before.attribute(path))
    return Update(profile_key(before.lead_id), actions, condition)


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
