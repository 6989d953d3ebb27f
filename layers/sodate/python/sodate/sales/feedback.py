"""What sales answers: activities, each once, and the way back to nurturing.

The natural order is accepted → meeting_set → won or lost, or rejected; sales knows better what happened, so any answer
may follow any other, and the page says what stood there before.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Update, Write
from sodate.errors import Conflict, Invalid, Transient
from sodate.playbook.model import Slug
from sodate.sales import store
from sodate.sales.assign import find
from sodate.sales.definition import Sales
from sodate.sales.links import Ticket
from sodate.sales.recycle import way_back
from sodate.sales.store import ConversationItem
from sodate.scoring.signals import SignalItem

ACTIVITY_OF = {
    "accepted": "sales_accepted",
    "rejected": "sales_rejected",
    "meeting_set": "meeting_set",
    "won": "deal_won",
    "lost": "deal_lost",
}
LARGEST_AMOUNT = 10**12
_MOST_ANSWERS, _TRIES = 50, 5


class AnswerInvalid(Invalid):
    """`fields`: field → what is wrong with it, as in the form API."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(f"please check: {', '.join(sorted(fields))}", "answer")
        self.fields = fields


class Answer(BaseModel):
    """`id` tells a repeat (a reload, a retry) from somebody who says the same again later."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: Literal["accepted", "rejected", "meeting_set", "won", "lost"]
    reason: Slug | None = None
    amount: int | None = Field(default=None, ge=0, le=LARGEST_AMOUNT)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    note: Annotated[str, StringConstraints(max_length=1000)] | None = None
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None


@dataclass(frozen=True)
class Recorded:
    """`was_new` False: this very answer stood there already. `before` is what stood there before it."""

    answer: Answer
    was_new: bool
    before: str | None


def read_answer(raw: Mapping[str, Any], sales: Sales) -> Answer:
    """Of an HTML form or JSON. Raises `AnswerInvalid`; what belongs to another answer is refused, not ignored."""
    given = {name: value for name, value in raw.items() if value not in ("", None)}
    for name in ("amount", "currency"):
        if isinstance(given.get(name), str):
            given[name] = unicodedata.normalize("NFKC", given[name][:100]).replace(",", "").strip()
    if isinstance(given.get("amount"), bool):
        raise AnswerInvalid({"amount": ["number"]})
    if given.get("answer") == "won":
        given.setdefault("currency", sales.feedback.currency)
    try:
        answer = Answer.model_validate(given)
    except ValidationError as error:
        known = set(Answer.model_fields)
        wrong = {str(one["loc"][0])[:40] if one["loc"] else "answer": [str(one["type"])] for one in error.errors()}
        raise AnswerInvalid({name if name in known else "unknown_field": why for name, why in wrong.items()}) from error
    _check_parts(answer, sales)
    return answer


def _check_parts(answer: Answer, sales: Sales) -> None:
    wrong: dict[str, list[str]] = {}
    reasons = {reason.id for reason in sales.feedback.reasons_of(answer.answer)}
    if reasons and answer.reason not in reasons:
        wrong["reason"] = ["required"] if answer.reason is None else ["unknown"]
    if not reasons and answer.reason is not None:
        wrong["reason"] = ["not_with_this_answer"]
    if answer.answer == "won" and answer.amount is None:
        wrong["amount"] = ["required"]
    if answer.answer != "won" and (answer.amount is not None or answer.currency is not None):
        wrong["amount"] = ["not_with_this_answer"]
    if wrong:
        raise AnswerInvalid(wrong)


def answer_key(ticket: Ticket, answer: Answer) -> str:
    """Who holds the link and the note are no part of it: the same answer by a colleague is the same answer."""
    amount = "" if answer.amount is None else str(answer.amount)
    facts = (answer.answer, answer.reason, amount, answer.currency, answer.id)
    return activity_key("sales_answer", ticket.lead_id, ticket.signal, *facts)


def record(ticket: Ticket, answer: Answer, sales: Sales, now: datetime) -> Recorded:
    """Raises `NotFound` when the lead was erased, `Conflict` after fifty answers."""
    for _ in range(_TRIES):
        signal = find(ticket.lead_id, ticket.signal)
        answers, key = signal.answers.as_dict(), answer_key(ticket, answer)
        if key in answers:
            return Recorded(answer, False, answers[key].get("before"))
        if len(answers) >= _MOST_ANSWERS:
            raise Conflict("this signal has fifty answers already; the CRM is the place for more")
        try:
            transaction.commit(_writes(ticket, signal, answer, key, sales, now))
        except ConditionFailed:
            continue  # somebody else answered in this moment, and that is what stood there before
        _make_room(signal, ticket)
        return Recorded(answer, True, signal.answer)
    raise Transient("several people answer at once")


def _writes(ticket: Ticket, signal: SignalItem, answer: Answer, key: str, sales: Sales, now: datetime) -> list[Write]:
    said = answer.model_dump(exclude={"id"}, exclude_none=True)
    told = {
        **said,
        "at": keys.stamp(now),
        "link_of": ticket.owner,
        **({"before": signal.answer} if signal.answer else {}),
    }
    actions = [
        SignalItem.answer.set(answer.answer),
        SignalItem.answer_key.set(key),
        SignalItem.answered_at.set(keys.stamp(now)),
        SignalItem.answers[key].set(told),
        SignalItem.recycled.remove(),
    ]
    latest = SignalItem.answer_key
    as_seen = latest.does_not_exist() if signal.answer_key is None else latest == signal.answer_key
    about = {name: value for name, value in said.items() if name not in ("answer", "note")}
    about |= {"signal": signal.sk, "owner": signal.assigned_to or ticket.owner}
    activity = Activity(ticket.lead_id, ACTIVITY_OF[answer.answer], now, key, about)
    writes: list[Write] = [
        Update(signal, actions, SignalItem.pk.exists() & as_seen),
        transaction.put_new(activity_item(activity)),
        *way_back(ticket.lead_id, signal.sk, key, answer.reason, sales, now),
    ]
    held = store.find_conversation(ticket.lead_id)
    if held is not None and held.signal == signal.sk:
        stage = [ConversationItem.stage.set(answer.answer), ConversationItem.changed.set(keys.stamp(now))]
        writes.append(Update(held, stage, store.unchanged(held)))
    return writes


def _make_room(signal: SignalItem, ticket: Ticket) -> None:
    """If this is lost in a crash, the end of the link makes room."""
    if signal.answer is None:
        held = store.find_conversation(ticket.lead_id)
        first = held.owner if held is not None and held.signal == ticket.signal else signal.assigned_to
        store.unload(first or ticket.owner, store.reference(ticket.lead_id, ticket.signal))
