"""Feedback of sales: each entry becomes one activity, and may recycle the lead to nurturing.

The usual order is accepted → meeting_set → won or lost, or rejected. Any entry may follow any other, because sales
knows what happened; the page shows the previous one.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Conflict, Invalid, Transient
from sodate.messages import Message
from sodate.money import DIGITS, Money, from_whole_units
from sodate.playbook.model import Slug
from sodate.sales import store
from sodate.sales.assign import find
from sodate.sales.conversation import FeedbackKind
from sodate.sales.definition import Sales
from sodate.sales.feedback_deal import DealFeedback
from sodate.sales.links import Ticket
from sodate.sales.recycle import recycle_entries
from sodate.signals.store import SignalItem

ACTIVITY_OF = {
    FeedbackKind.ACCEPTED: ActivityType.SALES_ACCEPTED,
    FeedbackKind.REJECTED: ActivityType.SALES_REJECTED,
    FeedbackKind.MEETING_SET: ActivityType.MEETING_SET,
    FeedbackKind.WON: ActivityType.DEAL_WON,
    FeedbackKind.LOST: ActivityType.DEAL_LOST,
}
LARGEST_AMOUNT = 10**12
_MOST_ENTRIES, _TRIES = 50, 5


class FeedbackInvalid(Invalid):
    """`fields`: field → error codes, as in the form API."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(f"please check: {', '.join(sorted(fields))}", "answer")
        self.fields = fields


class FeedbackEntry(BaseModel):
    """`id` distinguishes a repeat (reload, retry) from a later entry with the same content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: FeedbackKind
    reason: Slug | None = None
    amount: int | None = Field(default=None, ge=0, le=LARGEST_AMOUNT)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    note: Annotated[str, StringConstraints(max_length=1000)] | None = None
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None


@dataclass(frozen=True)
class Recorded:
    """`was_new` False: the same entry was already recorded. `before`: the feedback before it."""

    feedback: FeedbackEntry
    was_new: bool
    before: str | None


def read_feedback(raw: Mapping[str, Any], sales: Sales) -> FeedbackEntry:
    """Validate fields of an HTML form or JSON. Fields of another kind of feedback are rejected, not ignored.

    Raises: `FeedbackInvalid`.
    """
    given = {name: value for name, value in raw.items() if value not in ("", None)}
    for name in ("amount", "currency"):
        if isinstance(given.get(name), str):
            given[name] = unicodedata.normalize("NFKC", given[name][:100]).replace(",", "").strip()
    if isinstance(given.get("amount"), bool):
        raise FeedbackInvalid({"amount": ["number"]})
    if given.get("answer") == FeedbackKind.WON:
        given.setdefault("currency", sales.feedback.currency)
    try:
        feedback = FeedbackEntry.model_validate(given)
    except ValidationError as error:
        known = set(FeedbackEntry.model_fields)
        wrong = {str(one["loc"][0])[:40] if one["loc"] else "answer": [_code(one["type"])] for one in error.errors()}
        raise FeedbackInvalid(
            {name if name in known else "unknown_field": why for name, why in wrong.items()}
        ) from error
    _check_parts(feedback, sales)
    return feedback


def _code(kind: str) -> str:
    """The code that CRMs know: an answer that does not exist is a `literal_error`."""
    return "literal_error" if kind == "enum" else kind


def _check_parts(feedback: FeedbackEntry, sales: Sales) -> None:
    wrong: dict[str, list[str]] = {}
    reasons = {reason.id for reason in sales.feedback.reasons_of(feedback.answer)}
    if reasons and feedback.reason not in reasons:
        wrong["reason"] = ["required"] if feedback.reason is None else ["unknown"]
    if not reasons and feedback.reason is not None:
        wrong["reason"] = ["not_with_this_answer"]
    if feedback.answer is FeedbackKind.WON and feedback.amount is None:
        wrong["amount"] = ["required"]
    if feedback.answer is not FeedbackKind.WON and (feedback.amount is not None or feedback.currency is not None):
        wrong["amount"] = ["not_with_this_answer"]
    if feedback.currency is not None and feedback.currency not in DIGITS:
        wrong["currency"] = ["unknown"]
    if wrong:
        raise FeedbackInvalid(wrong)


def feedback_key(ticket: Ticket, feedback: FeedbackEntry) -> str:
    """Deduplication key. It excludes the link's holder and the note: a colleague's same entry is a repeat."""
    amount = "" if feedback.amount is None else str(feedback.amount)
    facts = (feedback.answer, feedback.reason, amount, feedback.currency, feedback.id)
    return activity_key("sales_answer", ticket.lead_id, ticket.signal, *facts)


def record(ticket: Ticket, feedback: FeedbackEntry, sales: Sales, now: datetime) -> Recorded:
    """Record one feedback entry, once.

    Raises: `NotFound` when the lead was erased, `Conflict` after fifty entries, `Transient` after five lost writes.
    """
    for _ in range(_TRIES):
        signal = find(ticket.lead_id, ticket.signal)
        entries, key = signal.feedback_entries.as_dict(), feedback_key(ticket, feedback)
        if key in entries:
            return Recorded(feedback, False, entries[key].get("before"))
        if len(entries) >= _MOST_ENTRIES:
            raise Conflict(Message("this signal has fifty answers already; the CRM is the place for more"))
        try:
            table.commit(_writes(ticket, signal, feedback, key, sales, now))
        except ConditionFailed:
            continue  # concurrent feedback: read it as the previous one
        _release_capacity(signal, ticket)
        return Recorded(feedback, True, signal.feedback)
    raise Transient(Message("concurrent feedback on this signal: try again"))


def _writes(
    ticket: Ticket, signal: SignalItem, feedback: FeedbackEntry, key: str, sales: Sales, now: datetime
) -> list[Write]:
    type_, money = ACTIVITY_OF[feedback.answer], _money(feedback)
    about_deal = DealFeedback(ticket, feedback.answer, key, type_, money, feedback.reason)
    deal_id, deal_writes = about_deal.writes(sales, now)
    fields = feedback.model_dump(mode="json", exclude={"id"}, exclude_none=True)
    stored_entry = {
        **fields,
        "at": keys.stamp(now),
        "link_of": ticket.owner,
        **({"before": signal.feedback} if signal.feedback else {}),
    }
    about = {name: value for name, value in fields.items() if name not in ("answer", "note")}
    about |= {"signal": signal.sk, "owner": signal.assigned_to or ticket.owner}
    about |= {"deal": deal_id} if deal_id is not None else {}
    activity = Activity(ticket.lead_id, type_.value, now, key, about)
    return [
        *store.feedback_writes(signal, key, feedback.answer, stored_entry, now),
        Put.new(activity_item(activity)),
        *recycle_entries(ticket.lead_id, signal.sk, key, feedback.reason, sales, now),
        *deal_writes,
    ]


def _money(feedback: FeedbackEntry) -> Money | None:
    """Feedback gives whole units: yen, dollars."""
    if feedback.amount is None or feedback.currency is None:
        return None
    return Money(feedback.currency, from_whole_units(feedback.amount, feedback.currency))


def _release_capacity(signal: SignalItem, ticket: Ticket) -> None:
    """Free one unit of the owner's capacity. If a crash skips this, the expiry of the link does it."""
    if signal.feedback is None:
        conversation = store.find_conversation(ticket.lead_id)
        first = (
            conversation.owner
            if conversation is not None and conversation.signal == ticket.signal
            else signal.assigned_to
        )
        store.unload(first or ticket.owner, store.reference(ticket.lead_id, ticket.signal))
