"""The ledger: SEND# items, one per planned email, never a second one for the same id."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, decode, row
from sodate.dynamodb.statement import Statement, number, text
from sodate.dynamodb.table import ConditionFailed, Update
from sodate.email.ledger.engagement import Engagement
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.states import RANK, STEP, StepRef
from sodate.errors import Conflict, NotFound
from sodate.leads.contact_state import Visit
from sodate.messages import Message


class SendItem(TableItem, discriminator="send"):
    purpose = UnicodeAttribute()
    name = UnicodeAttribute()
    state = UnicodeAttribute()
    rank = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    topic = UnicodeAttribute(null=True)
    template = UnicodeAttribute(null=True)
    template_version = NumberAttribute(null=True)
    sequence = UnicodeAttribute(null=True)
    sequence_version = NumberAttribute(null=True)
    step = NumberAttribute(null=True)
    enrollment_id = UnicodeAttribute(null=True)
    broadcast = UnicodeAttribute(null=True)
    broadcast_version = NumberAttribute(null=True)
    run = UnicodeAttribute(null=True)
    variant = UnicodeAttribute(null=True)
    data: JSONAttribute = JSONAttribute(null=True)
    windows: JSONAttribute = JSONAttribute(null=True)
    waits_until = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    attempts = NumberAttribute(null=True)
    repeats = NumberAttribute(null=True)
    planned_at = UnicodeAttribute()
    attempted_at = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    settled_at = UnicodeAttribute(null=True)
    unsubscribed_at = UnicodeAttribute(null=True)
    """When the lead opted out by a link of this email (`kpis.mark`)."""
    replied_at = UnicodeAttribute(null=True)
    """When the first reply to it came in (`sodate.replies`)."""
    next_attempt = UnicodeAttribute(null=True)
    """The send id of the next attempt, once that is claimed."""
    evidence = UnicodeAttribute(null=True)
    """Why there is a next attempt: the evidence that this one never left."""
    is_double = BooleanAttribute(null=True)
    """SES reported on this attempt after the next one was claimed, so probably both were delivered."""
    attempt = NumberAttribute(null=True)
    """2 and more; absent for a first attempt."""
    visit = NumberAttribute(null=True)
    entered = NumberAttribute(null=True)
    """Of a step of a scenario: number and beginning of the visit (`leads.contact_state.Visit`)."""
    engagement = UnicodeAttribute(null=True)
    """Evidence and verdicts of opens and clicks (`ledger.engagement`)."""

    @property
    def send_id(self) -> str:
        return self.sk.removeprefix(keys.SENDS)

    @property
    def is_unknown(self) -> bool:
        return bool(self.state == "unknown")

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)

    @property
    def step_visit(self) -> Visit | None:
        if self.visit is None or self.entered is None:
            return None
        return Visit(int(self.visit), int(self.entered))


def step_send(ref: StepRef, template: str, topic: str, now: datetime) -> SendItem:
    """The ledger item of a step mail, not settled yet; `settled_step` sets its outcome."""
    return SendItem(
        keys.lead(ref.lead_id),
        keys.send(ref.send_id),
        state="planned",
        rank=RANK["planned"],
        planned_at=keys.stamp(now),
        **_of_step(ref, template, topic),
    )


def _of_step(ref: StepRef, template: str, topic: str) -> dict[str, Any]:
    """What identifies a step mail, in whatever state."""
    return {
        "purpose": "marketing",
        "name": STEP,
        "topic": topic,
        "template": template,
        "sequence": ref.sequence,
        "sequence_version": ref.version,
        "step": ref.step,
        "enrollment_id": ref.enrollment_id,
        "attempt": ref.attempt if ref.attempt > 1 else None,
        "visit": ref.visit.number if ref.visit else None,
        "entered": ref.visit.at if ref.visit else None,
    }


def settled_step(send: SendItem, state: str, reason: str | None, now: datetime) -> SendItem:
    send.state, send.rank, send.reason = state, RANK[state], reason[:300] if reason else None
    send.settled_at = keys.stamp(now)
    return send


def sent_step(
    ref: StepRef, template: tuple[str, int], topic: str, message_id: str, planned: datetime, now: datetime
) -> Row:
    """The ledger item of an accepted step mail. `template`: id and version."""
    sent = keys.stamp(now)
    return row(
        SendItem,
        keys.lead(ref.lead_id),
        keys.send(ref.send_id),
        state="sent",
        rank=RANK["sent"],
        template_version=template[1],
        message_id=message_id,
        planned_at=keys.stamp(planned),
        sent_at=sent,
        settled_at=sent,
        **_of_step(ref, template[0], topic),
    )


def ranks_higher(send: SendItem) -> Condition:
    """True while the stored send has a lower rank than `send`, or none is stored."""
    condition: Condition = SendItem.rank.does_not_exist() | (SendItem.rank < send.rank)
    return condition


def put_unless_settled(send: SendItem) -> bool:
    """False when the stored state has the same or a higher rank."""
    try:
        table.put(send, ranks_higher(send))
    except ConditionFailed:
        return False
    return True


def deferred_step(send: SendItem, reason: str) -> SendItem:
    send.state, send.rank, send.reason = "planned", RANK["planned"], reason[:300]
    return send


def planned_transactional(
    lead_id: str, send_id: str, name: str, template: str | None, data: dict[str, Any], now: datetime
) -> SendItem:
    """A transactional email (opt-in confirmation, hand-off); the table's stream puts it on the send queue."""
    return SendItem(
        keys.lead(lead_id),
        keys.send(send_id),
        purpose="transactional",
        name=name,
        state="planned",
        rank=RANK["planned"],
        template=template,
        data=data,
        planned_at=keys.stamp(now),
    )


def find_send(lead_id: str, send_id: str) -> SendItem | None:
    return table.find(SendItem, keys.lead(lead_id), keys.send(send_id))


def find_send_eventual(lead_id: str, send_id: str) -> SendItem | None:
    """Eventually consistent read, half the price: usually at most a second old. A write after it needs a condition."""
    stored = table.get(keys.lead(lead_id), keys.send(send_id))
    return decode(SendItem, stored) if stored else None


def find_sends(wanted: Sequence[tuple[str, str]]) -> list[SendItem | None]:
    """`wanted`: (lead id, send id); strongly consistent, in the given order, None for a send without an item."""
    at = [(keys.lead(lead_id), keys.send(send_id)) for lead_id, send_id in wanted]
    rows = table.get_many(at, consistent=True)
    return [decode(SendItem, rows[key]) if key in rows else None for key in at]


def sends_of(lead_id: str) -> list[SendItem]:
    return sorted(table.query(SendItem, keys.lead(lead_id), keys.SENDS), key=lambda send: send.planned_at)


def send_by_message_id(lead_id: str, message_id: str) -> SendItem | None:
    """For events without tags: one small query in the lead's own partition, so no index is needed."""
    return next((send for send in sends_of(lead_id) if send.message_id == message_id), None)


def begin_again(send: SendItem, now: datetime) -> None:
    """planned → sending, for another attempt.

    Raises: `Conflict` when a concurrent attempt has begun or finished it.
    """
    try:
        table.update(
            send,
            [
                SendItem.state.set("sending"),
                SendItem.rank.set(RANK["sending"]),
                SendItem.attempts.add(1),
                SendItem.attempted_at.set(keys.stamp(now)),
            ],
            SendItem.state == "planned",
        )
    except ConditionFailed as error:
        raise Conflict(
            Message("send {send_id} is not waiting any more; look at the lead's timeline", send_id=send.send_id)
        ) from error


def raise_to(lead_id: str, send_id: str, state: str, now: datetime, *more: Action) -> Update:
    """Set a new state; the condition fails when the stored state has the same or a higher rank."""
    handle = SendItem(keys.lead(lead_id), keys.send(send_id))
    actions = [SendItem.state.set(state), SendItem.rank.set(RANK[state]), SendItem.settled_at.set(keys.stamp(now))]
    return Update(handle, [*actions, *more], SendItem.rank < RANK[state])


#: Effect of an SES event on the ledger. `double`: the first report on an attempt whose next attempt was claimed.
Fold = Literal["applied", "repeat", "double"]


class StillPlanned(Exception):
    """The ledger item is still `planned`: the sender has not written the outcome of its attempt yet."""


def fold_event(
    lead_id: str,
    send_id: str,
    state: str,
    message_id: str,
    reason: str | None,
    now: datetime,
    *,
    wait_for_sender: bool = False,
) -> Fold:
    """Store the state that SES reported, when it has a higher rank.

    `wait_for_sender`: raise `StillPlanned` instead of writing over a planned send.

    Raises: `NotFound` when there is no such send.
    """
    parameters = {
        "state": state,
        "rank": RANK[state],
        "at": keys.stamp(now),
        "id": message_id,
        "reason": reason,
        "lowest": RANK["planned"] + 1 if wait_for_sender else RANK["planned"],
    }
    pk, sk, is_explained = keys.lead(lead_id), keys.send(send_id), reason is not None
    try:
        table.execute(pk, sk, _FOLD[is_explained], parameters)
    except ConditionFailed as error:
        if error.old is None:
            raise NotFound(
                Message(
                    "no send {send_id} of lead {lead_id}; `sodate lead timeline` shows the ids",
                    send_id=send_id,
                    lead_id=lead_id,
                )
            ) from error
        current = decode(SendItem, error.old)
    else:
        return "applied"
    if wait_for_sender and current.rank == RANK["planned"]:
        raise StillPlanned
    if current.next_attempt is None or current.rank >= RANK[state]:
        return "repeat"
    try:
        table.execute(pk, sk, _FOLD_DOUBLE[is_explained], parameters)
    except ConditionFailed:
        return "repeat"
    return "applied" if current.is_double else "double"


def _folded(*, is_explained: bool) -> list[Action]:
    """The reason of a lower state does not apply to this one, in any order of events."""
    return [
        SendItem.state.set(text("state")),
        SendItem.rank.set(number("rank")),
        SendItem.settled_at.set(text("at")),
        SendItem.message_id.set(text("id")),
        SendItem.reason.set(text("reason")) if is_explained else SendItem.reason.remove(),
    ]


_LOWER = SendItem.rank < number("rank")
_FOLD = {
    is_explained: Statement(
        _folded(is_explained=is_explained),
        _LOWER & (SendItem.rank >= number("lowest")) & SendItem.next_attempt.does_not_exist(),
    )
    for is_explained in (True, False)
}
_FOLD_DOUBLE = {
    is_explained: Statement([*_folded(is_explained=is_explained), SendItem.is_double.set(True)], _LOWER)
    for is_explained in (True, False)
}


def engagement_change(send: SendItem, engagement: Engagement) -> Update:
    """Store the evidence; fails when another is stored than `send` has, or when there is no such send any more."""
    stored = send.engagement
    unchanged = SendItem.engagement.does_not_exist() if stored is None else SendItem.engagement == stored
    return Update(
        SendItem(send.pk, send.sk),
        [SendItem.engagement.set(engagement.to_text())],
        unchanged & SendItem.state.exists(),
    )


def settle(lead_id: str, send_id: str, state: str, now: datetime, reason: str | None = None) -> bool:
    """False when the stored state has the same or a higher rank."""
    more = [] if reason is None else [SendItem.reason.set(reason[:300])]
    change = raise_to(lead_id, send_id, state, now, *more)
    try:
        table.update(change.item, change.actions, change.condition)
    except ConditionFailed:
        return False
    return True


def sent_transactional(send: SendItem, message_id: str, now: datetime) -> None:
    """sending → sent; when an SES event was applied first, only the message id and the time are stored."""
    facts = [SendItem.message_id.set(message_id), SendItem.sent_at.set(keys.stamp(now))]
    change = raise_to(send.lead_id, send.send_id, "sent", now, *facts)
    try:
        table.update(change.item, change.actions, change.condition)
    except ConditionFailed:
        table.update(send, facts)


def replied(send: SendItem, at: datetime) -> Update | None:
    """The first reply counts, in whatever order replies are read; None when an earlier one is stored."""
    if send.replied_at is not None and send.replied_at <= keys.stamp(at):
        return None
    unchanged = (
        SendItem.replied_at.does_not_exist() if send.replied_at is None else SendItem.replied_at == send.replied_at
    )
    handle = SendItem(send.pk, send.sk)
    return Update(handle, [SendItem.replied_at.set(keys.stamp(at))], SendItem.state.exists() & unchanged)


def put_back(send: SendItem, reason: str, *more: Action) -> None:
    """sending → planned."""
    actions = [SendItem.state.set("planned"), SendItem.rank.set(RANK["planned"]), SendItem.reason.set(reason)]
    table.update(send, [*actions, *more], SendItem.state == "sending")


def repeat_once_more(send: SendItem) -> None:
    """sending → planned, for a repetition of a transactional email without an answer.

    Raises: `ConditionFailed` when an SES event of this email was applied first.
    """
    put_back(send, Reason.REPEATED, SendItem.repeats.set(int(send.repeats or 0) + 1))


def resolve_unknown(lead_id: str, send_id: str, state: str, verdict: str, now: datetime) -> None:
    """unknown → `state`, by an operator's finding.

    Raises: `ConditionFailed` when the send is not unknown, or has a next attempt.
    """
    actions = [
        SendItem.state.set(state),
        SendItem.rank.set(RANK[state]),
        SendItem.reason.set(f"{Reason.RESOLVED}:{verdict}"),
        SendItem.settled_at.set(keys.stamp(now)),
    ]
    table.update(SendItem(keys.lead(lead_id), keys.send(send_id)), actions, _is_open())


def followed_by(send: SendItem, next_attempt: str, evidence: str) -> Update:
    """Link an unknown send to its next attempt; fails when it is not unknown or already has one."""
    actions = [SendItem.next_attempt.set(next_attempt), SendItem.evidence.set(evidence[:300])]
    return Update(SendItem(send.pk, send.sk), actions, _is_open())


def mark_unsubscribed(lead_id: str, send_id: str, at: str) -> None:
    """Set `unsubscribed_at` to the earliest time. Without effect for a send that does not exist."""
    mark = SendItem.unsubscribed_at
    is_earlier = SendItem.pk.exists() & (mark.does_not_exist() | (mark > at))
    with suppress(ConditionFailed):
        table.update(SendItem(keys.lead(lead_id), keys.send(send_id)), [mark.set(at)], is_earlier)


def unlink_next_attempt(lead_id: str, send_id: str, next_attempt: str) -> None:
    """Raises: `ConditionFailed` when `next_attempt` does not follow this send."""
    ends = [SendItem.next_attempt.remove(), SendItem.evidence.remove(), SendItem.is_double.remove()]
    table.update(SendItem(keys.lead(lead_id), keys.send(send_id)), ends, SendItem.next_attempt == next_attempt)


def _is_open() -> Condition:
    condition: Condition = (SendItem.state == "unknown") & SendItem.next_attempt.does_not_exist()
    return condition


def planned_again(send: SendItem, reason: str) -> Update:
    """failed → planned. Not for a send that an operator resolved as lost (`sodate sends resolve`)."""
    actions = [
        SendItem.state.set("planned"),
        SendItem.rank.set(RANK["planned"]),
        SendItem.reason.set(reason),
        SendItem.settled_at.remove(),
        SendItem.windows.remove(),
        SendItem.waits_until.remove(),
    ]
    not_resolved = SendItem.reason.does_not_exist() | ~SendItem.reason.startswith(Reason.RESOLVED)
    return Update(send, actions, (SendItem.state == "failed") & not_resolved)
