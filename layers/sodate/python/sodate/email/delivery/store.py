"""The ledger: SEND# items. One item per planned email, never a second one for the same id."""

from datetime import datetime
from typing import Any, Literal

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from sodate.dynamodb import base, bulk, keys
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.transaction import Update
from sodate.email.delivery.ledger import RANK, StepRef
from sodate.errors import Conflict, NotFound


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
    next_attempt = UnicodeAttribute(null=True)
    """The send id of the next attempt, once that is claimed."""
    evidence = UnicodeAttribute(null=True)
    """Why there is a next attempt: the evidence that this one never left."""
    is_double = BooleanAttribute(null=True)
    """SES reported on this attempt after the next one was claimed, so probably both were delivered."""
    attempt = NumberAttribute(null=True)
    """2 and more; absent for a first attempt."""

    @property
    def send_id(self) -> str:
        return self.sk.removeprefix(keys.SENDS)

    @property
    def lead_id(self) -> str:
        return keys.lead_id_of(self.pk)


def step_send(ref: StepRef, template: str, topic: str, now: datetime) -> SendItem:
    """The ledger item of a step mail, not settled yet; `settled_step` sets its outcome."""
    return SendItem(
        keys.lead(ref.lead_id),
        keys.send(ref.send_id),
        purpose="marketing",
        name="step",
        state="planned",
        rank=RANK["planned"],
        topic=topic,
        template=template,
        sequence=ref.sequence,
        sequence_version=ref.version,
        step=ref.step,
        enrollment_id=ref.enrollment_id,
        planned_at=keys.stamp(now),
        attempt=ref.attempt if ref.attempt > 1 else None,
    )


def settled_step(send: SendItem, state: str, reason: str | None, now: datetime) -> SendItem:
    send.state, send.rank, send.reason = state, RANK[state], reason[:300] if reason else None
    send.settled_at = keys.stamp(now)
    return send


def sent_step(
    ref: StepRef, template: tuple[str, int], topic: str, message_id: str, planned: datetime, now: datetime
) -> bulk.Raw:
    """The ledger item of an accepted step mail, as raw DynamoDB JSON, equal to that of the model (tested).

    Almost every email has this write; the model would double the CPU time of the ledger. `template`: id and version.
    """
    sent = {"S": keys.stamp(now)}
    return {
        "pk": {"S": keys.lead(ref.lead_id)},
        "sk": {"S": keys.send(ref.send_id)},
        "kind": {"S": "send"},
        "purpose": {"S": "marketing"},
        "name": {"S": "step"},
        "state": {"S": "sent"},
        "rank": {"N": str(RANK["sent"])},
        "topic": {"S": topic},
        "template": {"S": template[0]},
        "template_version": {"N": str(template[1])},
        "sequence": {"S": ref.sequence},
        "sequence_version": {"N": str(ref.version)},
        "step": {"N": str(ref.step)},
        "enrollment_id": {"S": ref.enrollment_id},
        "message_id": {"S": message_id},
        "planned_at": {"S": keys.stamp(planned)},
        "sent_at": sent,
        "settled_at": sent,
        **({"attempt": {"N": str(ref.attempt)}} if ref.attempt > 1 else {}),
    }


def put_unless_settled(send: SendItem) -> bool:
    """False when the stored state has the same or a higher rank."""
    try:
        base.put(send, SendItem.rank.does_not_exist() | (SendItem.rank < send.rank))
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
    return base.find(SendItem, keys.lead(lead_id), keys.send(send_id))


def find_send_eventual(lead_id: str, send_id: str) -> SendItem | None:
    """Eventually consistent read, half the price: usually at most a second old. A write after it needs a condition."""
    item = bulk.get(keys.lead(lead_id), keys.send(send_id))
    return SendItem.from_raw_data(item) if item else None


def sends_of(lead_id: str) -> list[SendItem]:
    return sorted(base.query(SendItem, keys.lead(lead_id), keys.SENDS), key=lambda send: send.planned_at)


def send_by_message_id(lead_id: str, message_id: str) -> SendItem | None:
    """For events without tags: one small query in the lead's own partition, so no index is needed."""
    return next((send for send in sends_of(lead_id) if send.message_id == message_id), None)


def begin_again(send: SendItem, now: datetime) -> None:
    """planned → sending, for another attempt.

    Raises: `Conflict` when a concurrent attempt has begun or finished it.
    """
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
    # The reason of a lower state does not apply to this one, in any order of events.
    sets = "SET #state = :state, #rank = :rank, #at = :at, #id = :id" + (", #reason = :reason" if reason else "")
    names = {"#state": "state", "#rank": "rank", "#at": "settled_at", "#id": "message_id", "#reason": "reason"}
    values: dict[str, bulk.Raw] = {
        ":state": {"S": state},
        ":rank": {"N": str(RANK[state])},
        ":at": {"S": keys.stamp(now)},
        ":id": {"S": message_id},
        **({":reason": {"S": reason}} if reason else {}),
    }
    end = "" if reason else " REMOVE #reason"
    pk, sk = keys.lead(lead_id), keys.send(send_id)
    try:
        lowest = {":lowest": {"N": str(RANK["planned"] + 1 if wait_for_sender else RANK["planned"])}}
        ranks_higher = "#rank < :rank AND #rank >= :lowest AND attribute_not_exists(#next)"
        bulk.update(pk, sk, sets + end, ranks_higher, {**names, "#next": "next_attempt"}, {**values, **lowest})
    except ConditionFailed as error:
        if error.old is None:
            raise NotFound(f"no send {send_id} of lead {lead_id}") from error
        current = error.old
    else:
        return "applied"
    if wait_for_sender and int(current["rank"]["N"]) == RANK["planned"]:
        raise StillPlanned
    if "next_attempt" not in current or int(current["rank"]["N"]) >= RANK[state]:
        return "repeat"
    names["#double"], values[":true"] = "is_double", {"BOOL": True}
    try:
        bulk.update(pk, sk, f"{sets}, #double = :true{end}", "#rank < :rank", names, values)
    except ConditionFailed:
        return "repeat"
    return "applied" if "is_double" in current else "double"


def settle(lead_id: str, send_id: str, state: str, now: datetime, *more: Action) -> bool:
    """False when the stored state has the same or a higher rank."""
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
