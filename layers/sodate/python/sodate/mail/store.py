"""SEND# items: the ledger. One item per planned mail, never a second one for the same id."""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from sodate.errors import Conflict
from sodate.mail.ledger import RANK, StepRef
from sodate.table import base, keys
from sodate.table.base import ConditionFailed, TableItem
from sodate.table.transaction import Update


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
    enrolment = UnicodeAttribute(null=True)
    data: JSONAttribute = JSONAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    repeats = NumberAttribute(default=0)
    planned_at = UnicodeAttribute()
    attempted_at = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    settled_at = UnicodeAttribute(null=True)
    opens = NumberAttribute(default=0)
    clicks = NumberAttribute(default=0)
    detail: MapAttribute[str, Any] = MapAttribute(default=dict)

    @property
    def send_id(self) -> str:
        return self.sk.removeprefix(keys.SENDS)

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)


def planned_step(ref: StepRef, template: str, topic: str, now: datetime) -> SendItem:
    """Put as `sending`: from here on a crash leaves a trace (see `ledger`)."""
    return SendItem(
        keys.lead(ref.lead_id),
        keys.send(ref.send_id),
        purpose="marketing",
        name="step",
        state="sending",
        rank=RANK["sending"],
        topic=topic,
        template=template,
        sequence=ref.sequence,
        sequence_version=ref.version,
        step=ref.step,
        enrolment=ref.enrolment,
        planned_at=keys.stamp(now),
        attempted_at=keys.stamp(now),
        attempts=1,
    )


def planned_notice(
    lead_id: str, send_id: str, name: str, template: str | None, data: dict[str, Any], now: datetime
) -> SendItem:
    """A notice (opt-in confirmation, hand-off); the stream carries it to the send queue."""
    return SendItem(
        keys.lead(lead_id),
        keys.send(send_id),
        purpose="notice",
        name=name,
        state="planned",
        rank=RANK["planned"],
        template=template,
        data=data,
        planned_at=keys.stamp(now),
    )


def find_send(lead_id: str, send_id: str) -> SendItem | None:
    return base.find(SendItem, keys.lead(lead_id), keys.send(send_id))


def sends_of(lead_id: str) -> list[SendItem]:
    return sorted(base.query(SendItem, keys.lead(lead_id), keys.SENDS), key=lambda send: send.planned_at)


def send_by_message_id(lead_id: str, message_id: str) -> SendItem | None:
    """For events without tags: one small query in the lead's own partition, so no index is needed."""
    return next((send for send in sends_of(lead_id) if send.message_id == message_id), None)


def begin_again(send: SendItem, now: datetime) -> None:
    """planned → sending for another attempt. Raises `Conflict` when somebody else has begun or finished it."""
    try:
        base.update(
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
        raise Conflict(f"send {send.send_id} is not waiting any more") from error


def raise_to(lead_id: str, send_id: str, state: str, now: datetime, *more: Action) -> Update:
    """Fold a new state in: a no-op (failed condition) when something of a higher rank is already known."""
    handle = SendItem(keys.lead(lead_id), keys.send(send_id))
    actions = [SendItem.state.set(state), SendItem.rank.set(RANK[state]), SendItem.settled_at.set(keys.stamp(now))]
    return Update(handle, [*actions, *more], SendItem.rank < RANK[state])


def settle(lead_id: str, send_id: str, state: str, now: datetime, *more: Action) -> bool:
    change = raise_to(lead_id, send_id, state, now, *more)
    try:
        base.update(change.item, change.actions, change.condition)
    except ConditionFailed:
        return False
    return True


def put_back(send: SendItem, reason: str, *more: Action) -> None:
    """sending → planned."""
    actions = [SendItem.state.set("planned"), SendItem.rank.set(RANK["planned"]), SendItem.reason.set(reason)]
    base.update(send, [*actions, *more], SendItem.state == "sending")
