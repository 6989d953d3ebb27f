"""CALL# items, and the list of the open ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import MapAttribute, UnicodeAttribute

from sodate.calls.call import CallDue, CallState, CallTask
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, decode
from sodate.dynamodb.table import Delete, Put, Update, Write
from sodate.scheduling import store as due

#: So long after its due time, a call that nobody closed leaves the list of open calls.
LISTED = timedelta(days=90)


class CallItem(TableItem, discriminator="call"):
    """`about`: see `CallTask`. `result`: a `CallOutcome`. `note` may hold personal data."""

    text = UnicodeAttribute()
    due = UnicodeAttribute()
    signal = UnicodeAttribute()
    about: MapAttribute[str, Any] = MapAttribute(default=dict)
    state = UnicodeAttribute()
    result = UnicodeAttribute(null=True)
    closed_at = UnicodeAttribute(null=True)
    closed_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)

    @property
    def key(self) -> str:
        return self.sk.removeprefix(keys.CALLS)

    @property
    def due_at(self) -> datetime:
        return datetime.fromisoformat(self.due)


class OpenCallItem(TableItem, discriminator="opencall"):
    """A place on the list, which is in order of the due times."""

    lead_id = UnicodeAttribute()
    call = UnicodeAttribute()


@dataclass(frozen=True)
class Closing:
    """How a call ends. `result`: None for a dropped one. `by`: who says so, where it is known."""

    state: CallState
    result: str | None
    by: str | None
    note: str | None
    at: datetime


def new_call(task: CallTask, now: datetime) -> list[Write]:
    """The task, its place on the list, and the due entry of its reminder; for the transaction of the step."""
    entry = CallDue(task.lead_id, task.key)
    item = CallItem(
        keys.lead(task.lead_id),
        keys.call(task.key),
        text=task.text,
        due=keys.stamp(task.due),
        signal=task.signal,
        about=dict(task.about),
        state=CallState.OPEN.value,
    )
    listed = _listed(item)
    listed.ttl = int((task.due + LISTED).timestamp())
    return [Put.new(item), Put(listed), Put(due.due_item(task.due, due.SALES, entry.ref, entry, now))]


def find_call(lead_id: str, key: str) -> CallItem | None:
    return table.find(CallItem, keys.lead(lead_id), keys.call(key))


def calls_of(lead_id: str) -> list[CallItem]:
    """In order of their due times."""
    return sorted(table.query(CallItem, keys.lead(lead_id), keys.CALLS), key=lambda call: (call.due, call.sk))


def open_calls() -> list[CallItem]:
    """Of all leads, in order of their due times."""
    listed = table.query(OpenCallItem, keys.OPEN_CALLS)
    wanted = [(keys.lead(one.lead_id), keys.call(one.call)) for one in listed]
    rows = table.get_many(wanted)
    found = (decode(CallItem, rows[key]) for key in wanted if key in rows)
    return [call for call in found if call.state == CallState.OPEN]


def closing_writes(call: CallItem, closing: Closing, with_it: Iterable[Write] = ()) -> list[Write]:
    """They fail when the call is not open any more, or the lead was erased."""
    actions = [CallItem.state.set(closing.state.value), CallItem.closed_at.set(keys.stamp(closing.at))]
    for attribute, value in (
        (CallItem.result, closing.result), (CallItem.closed_by, closing.by), (CallItem.note, closing.note),
    ):  # fmt: skip
        if value is not None:
            actions.append(attribute.set(value))
    return [Update(call, actions, CallItem.state == CallState.OPEN.value), Delete(_listed(call)), *with_it]


def _listed(call: CallItem) -> OpenCallItem:
    return OpenCallItem(keys.OPEN_CALLS, keys.open_call(call.due_at, call.key), lead_id=call.lead_id, call=call.key)
