"""A person says what came of a call, or that nobody makes it: the task ends, once, and a result is an activity."""

from collections.abc import Sequence
from dataclasses import dataclass

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType, CallOutcome
from sodate.activities.store import ActivityItem, activity_item
from sodate.calls.call import CallState
from sodate.calls.store import CallItem, Closing, calls_of, closing_writes, find_call
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.errors import Conflict, NotFound
from sodate.messages import Message
from sodate.sales.conversation import FeedbackKind
from sodate.sales.definition import Sales
from sodate.sales.feedback import FeedbackEntry, record
from sodate.sales.links import Ticket
from sodate.signals.store import find_signal


@dataclass(frozen=True)
class Wanted:
    """Which call of a lead is meant. None: any."""

    step: str | None = None
    key: str | None = None

    def includes(self, call: CallItem) -> bool:
        return self.step in (None, call.about["step"]) and self.key in (None, call.key)


def close_call(lead_id: str, wanted: Wanted, closing: Closing, sales: Sales) -> tuple[CallItem, bool]:
    """The call as it was, and whether it was open.

    A call that has ended in the same way is a repeat of this command, and nothing is written. A meeting is also
    feedback to the signal that sales has in hand, so that nobody is asked for it again.

    Raises: `NotFound` without such a call; `Conflict` when several are open, or it ended in another way.
    """
    call = choose(calls_of(lead_id), wanted)
    if call.state == CallState.OPEN:
        if closing.result == CallOutcome.MEETING_SET:
            _say_meeting(call, sales, closing)
        if _is_closed(call, closing):
            return call, True
        call = _closed_meanwhile(call)
    if (call.state, call.result) != (closing.state, closing.result):
        ended = call.result or call.state
        raise Conflict(
            Message(
                "this call ({step}, due {due}Z) has ended already: {ended}, {closed_at}; for one more call, use"
                " `sodate lead log`",
                step=call.about["step"],
                due=call.due[:16],
                ended=ended,
                closed_at=call.closed_at,
            )
        )
    return call, False


def choose(calls: Sequence[CallItem], wanted: Wanted) -> CallItem:
    """The only open call that is meant; without one, the one that ended last.

    Raises: `NotFound`, or `Conflict` when several are open.
    """
    meant = [call for call in calls if wanted.includes(call)]
    if not meant:
        raise NotFound(
            Message("the lead has no such call; `sodate call list` shows them, and `sodate lead log` logs another")
        )
    still_open = [call for call in meant if call.state == CallState.OPEN]
    if len(still_open) > 1:
        listed = ", ".join(f"--step {call.about['step']} --call {call.key}" for call in still_open)
        raise Conflict(
            Message(
                "{still_open_count} calls are open; say which one: {listed}",
                still_open_count=len(still_open),
                listed=listed,
            )
        )
    return still_open[0] if still_open else max(meant, key=lambda call: call.closed_at or "")


def _is_closed(call: CallItem, closing: Closing) -> bool:
    """False: something else closed it meanwhile."""
    made = [Put.new(_activity(call, closing))] if closing.result else []
    try:
        table.commit(closing_writes(call, closing, made))
    except ConditionFailed:
        return False
    return True


def _closed_meanwhile(call: CallItem) -> CallItem:
    now = find_call(call.lead_id, call.key)
    if now is None:
        raise NotFound(Message("the lead was erased meanwhile"))
    return now


def _activity(call: CallItem, closing: Closing) -> ActivityItem:
    type_ = ActivityType.CALL_MADE
    about = {**call.about.as_dict(), "outcome": closing.result}
    return activity_item(Activity(call.lead_id, type_.value, closing.at, activity_key(type_, call.key), about))


def _say_meeting(call: CallItem, sales: Sales, closing: Closing) -> None:
    """Unless sales has said more of the lead already."""
    signal = find_signal(call.lead_id, call.signal)
    in_hand = find_signal(call.lead_id, signal.joins) if signal is not None and signal.joins else signal
    if in_hand is not None and in_hand.feedback in (None, FeedbackKind.ACCEPTED):
        ticket = Ticket(call.lead_id, in_hand.sk, in_hand.assigned_to or sales.default_owner)
        record(ticket, FeedbackEntry(answer=FeedbackKind.MEETING_SET, id=call.key), sales, closing.at)
