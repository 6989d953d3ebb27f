"""Step 2 of the send protocol: one conditional write on STATE decides whether this mail may go out.

Opt-outs, complaints and bounces write the same item, so DynamoDB orders them before or after the claim; nothing else
does. The claim moves the run to its next step, so the same step can never be claimed twice.
"""

from datetime import datetime
from typing import Literal

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from sodate.leads.lead import State
from sodate.leads.store import StateItem, state_key
from sodate.mail.ledger import StepRef
from sodate.mail.store import SendItem, raise_to
from sodate.table import base, transaction
from sodate.table.base import ConditionFailed
from sodate.table.transaction import Update

#: Where the run stands, seen from a step. `behind`: an earlier step was put off and must come first.
Place = Literal["here", "behind", "ahead", "gone"]


def claim(ref: StepRef, topic: str) -> bool:
    """True exactly once per step of a run, and only while the lead is mailable for the topic."""
    mailable = StateItem.blocked.does_not_exist() & (StateItem.topics[topic] == "confirmed")
    return _move(ref, ref.step, ref.step + 1, mailable)


def release(ref: StepRef) -> bool:
    """Undo a claim whose mail certainly did not leave."""
    return _move(ref, ref.step + 1, ref.step)


def pass_over(ref: StepRef, reason: str, now: datetime) -> bool:
    """Go on to the next step without a mail: ledger and run in one write, so that a lead who comes back goes on.

    False when the run does not stand at this step; then nothing is said about the mail, for it may be on its way.
    """
    run, condition = _at(ref, ref.step)
    skipped = raise_to(ref.lead_id, ref.send_id, "skipped", now, SendItem.reason.set(reason))
    advanced = Update(state_key(ref.lead_id), [run["step"].set(ref.step + 1)], condition)
    try:
        transaction.commit([advanced, skipped])
    except ConditionFailed:
        return False
    return True


def place(state: State | None, ref: StepRef) -> Place:
    run = state.enrolments.get(ref.sequence) if state else None
    if run is None or run.id != ref.enrolment:
        return "gone"
    if run.step == ref.step:
        return "here"
    return "behind" if run.step < ref.step else "ahead"


def why_refused(state: State, topic: str) -> str | None:
    """The reason code of a refused claim, from the state that refused it; None when it would be granted now."""
    if state.blocked is not None:
        return f"blocked:{state.blocked}"
    if state.topics.get(topic) != "confirmed":
        return f"consent:{state.topics.get(topic, 'none')}"
    return None


def _move(ref: StepRef, current: int, then: int, also: Condition | None = None) -> bool:
    run, condition = _at(ref, current)
    try:
        base.update(
            state_key(ref.lead_id), [run["step"].set(then)], condition & also if also is not None else condition
        )
    except ConditionFailed:
        return False
    return True


def _at(ref: StepRef, step: int) -> tuple[Path, Condition]:
    run = StateItem.enrolments[ref.sequence]
    return run, (run["id"] == ref.enrolment) & (run["step"] == step)
