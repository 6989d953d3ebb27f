"""Step 2 of the send protocol: one conditional write on STATE decides whether this mail may go out.

Opt-outs, complaints and bounces write the same item, so DynamoDB orders them before or after the claim; nothing else
does. The claim moves the run to its next step, so the same step can never be claimed twice.
"""

from pynamodb.expressions.condition import Condition

from sodate.leads.lead import State
from sodate.leads.store import StateItem, state_key
from sodate.mail.ledger import StepRef
from sodate.table import base
from sodate.table.base import ConditionFailed


def claim(ref: StepRef, topic: str) -> bool:
    """True exactly once per step of a run, and only while the lead is mailable for the topic."""
    mailable = StateItem.blocked.does_not_exist() & (StateItem.topics[topic] == "confirmed")
    return _move(ref, ref.step, ref.step + 1, mailable)


def release(ref: StepRef) -> bool:
    """Undo a claim whose mail certainly did not leave."""
    return _move(ref, ref.step + 1, ref.step)


def pass_over(ref: StepRef) -> bool:
    """Go on to the next step without a mail."""
    return _move(ref, ref.step, ref.step + 1)


def why_refused(state: State | None, ref: StepRef, topic: str) -> str:
    """The reason code of a refused claim, from the state that refused it."""
    if state is None:
        return "lead_erased"
    if state.blocked is not None:
        return f"blocked:{state.blocked}"
    if state.topics.get(topic) != "confirmed":
        return f"consent:{state.topics.get(topic, 'none')}"
    return "not_at_this_step"


def _move(ref: StepRef, current: int, then: int, also: Condition | None = None) -> bool:
    run = StateItem.enrolments[ref.sequence]
    condition = (run["id"] == ref.enrolment) & (run["step"] == current)
    try:
        base.update(
            state_key(ref.lead_id), [run["step"].set(then)], condition & also if also is not None else condition
        )
    except ConditionFailed:
        return False
    return True
