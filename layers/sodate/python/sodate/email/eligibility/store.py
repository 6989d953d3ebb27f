"""The claim as an update of STATE, with the part that the source of the email contributes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import values
from sodate.dynamodb.statement import Statement, number, numbers, text
from sodate.dynamodb.table import Update
from sodate.email.eligibility.caps import PREFERENCE, Limit, minutes_needed
from sodate.leads.contact_state import ContactState
from sodate.leads.store import StateItem, as_it_was, equal, state_key

#: Lists of minutes that no email reached before.
_NONE: list[int] = []


@dataclass(frozen=True)
class Guard:
    """What a source adds to the claim of STATE: `condition` says that the email is still wanted, `actions` that it is
    claimed. Both may contain parameters (`sodate.dynamodb.statement`), which the source gives per email.
    """

    condition: Condition
    actions: Sequence[Action]


def claim_statement(topic: str, limits: Sequence[Limit], guard: Guard, *, has_time_zone: bool) -> Statement:
    """Compiled once for a batch. `has_time_zone`: the emails were planned with the time zone of their lead."""
    mailed = StateItem.mailed
    actions = [*guard.actions, mailed.set((mailed | _NONE).prepend(numbers("minute")))]
    if minutes_needed(limits, topic):
        in_topic = StateItem.mailed_in[topic]
        actions.append(in_topic.set((in_topic | _NONE).prepend(numbers("minute"))))
    condition = (
        StateItem.blocked.does_not_exist()
        & (StateItem.topics[topic] == "confirmed")
        & guard.condition
        & (StateItem.pause_until.does_not_exist() | (StateItem.pause_until <= text("now")))
        & _frequency_is_kept()
        & (StateItem.zone == text("time_zone") if has_time_zone else StateItem.zone.does_not_exist())
    )
    for index, limit in enumerate(limits):
        oldest = (StateItem.mailed if limit.topic is None else StateItem.mailed_in[topic])[limit.at_most - 1]
        condition &= oldest.does_not_exist() | (oldest <= number(f"limit{index}"))
    return Statement(actions, condition)


def _frequency_is_kept() -> Condition:
    """The lead chose no frequency, got no email yet, or the latest one is old enough."""
    kept: Condition = StateItem.frequency.does_not_exist() | StateItem.mailed[0].does_not_exist()
    for preference in PREFERENCE:
        kept |= (StateItem.frequency == preference) & (StateItem.mailed[0] <= number(preference))
    return kept


def claim(lead_id: str, statement: Statement, parameters: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """Lengths of the lists of minutes afterwards: over all topics, and by topic with own caps.

    Raises: `ConditionFailed` with the current item.
    """
    stored = values(StateItem, table.execute(keys.lead(lead_id), keys.STATE, statement, parameters, "UPDATED_NEW"))
    return len(stored.get("mailed", ())), {name: len(minutes) for name, minutes in stored.get("mailed_in", {}).items()}


def cut_minutes(lead_id: str, topic: str, mailed: range, mailed_in: range) -> None:
    """Remove the minutes with these indexes.

    Raises: `ConditionFailed` when the lead does not exist.
    """
    ends = [StateItem.mailed[index].remove() for index in mailed]
    ends += [StateItem.mailed_in[topic][index].remove() for index in mailed_in]
    table.update(state_key(lead_id), ends, StateItem.pk.exists())


def release(undone: Update, minute: int) -> None:
    """Undo a claim: `undone` by the source, and the minute when it is still the latest.

    Raises: `ConditionFailed` when another email was claimed since, or the condition of `undone` is false.
    """
    newest = StateItem.mailed[0]
    condition = newest == minute if undone.condition is None else undone.condition & (newest == minute)
    table.update(undone.item, [*undone.actions, newest.remove()], condition)


def forget_minute(lead_id: str, minute: int) -> None:
    """Raises: `ConditionFailed` when another email was claimed since."""
    newest = StateItem.mailed[0]
    table.update(state_key(lead_id), [newest.remove()], newest == minute)


def mailed_change(was: ContactState, mailed: list[int], topic: str, in_topic: list[int], still: Condition) -> Update:
    """Replace the minutes, while nothing that the decision depends on has changed and `still` holds.

    `in_topic` empty: the topic has no caps of its own.
    """
    actions = [StateItem.mailed.set(mailed)]
    unchanged = (
        as_it_was(was, [topic])
        & still
        & equal(StateItem.pause_until, was.pause_until)
        & equal(StateItem.frequency, was.frequency)
        & equal(StateItem.mailed, list(was.mailed) or None)
    )
    if in_topic:
        path = StateItem.mailed_in[topic]
        actions.append(path.set(in_topic))
        unchanged &= equal(path, list(was.mailed_in.get(topic, ())) or None)
    return Update(state_key(was.lead_id), actions, unchanged)
