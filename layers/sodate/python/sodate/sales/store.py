"""Items of sales: the lead's conversation, the round-robin rotation, open signals by owner, and waiting signals."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size

from sodate.activities.activity import activity_key
from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.transaction import Put, Update
from sodate.signals.store import SignalItem

_WAITING_KEPT = timedelta(days=30)


class ConversationItem(TableItem, discriminator="conversation"):
    """The signal that sales works on; at most one per lead. `stage`: `open`, `expired`, or the latest feedback."""

    signal = UnicodeAttribute()
    owner = UnicodeAttribute()
    stage = UnicodeAttribute()
    changed = UnicodeAttribute()


class RotationItem(TableItem, discriminator="turns"):
    """Round robin. `turns`: owner → number of their last lead; the owner with the lowest is next."""

    number = NumberAttribute()
    turns: MapAttribute[str, Any] = MapAttribute(default=dict)


class LoadItem(TableItem, discriminator="load"):
    """Open signals of one owner with a capacity. A set, so that repeated adds and removes are idempotent."""

    open = UnicodeSetAttribute(null=True)


class WaitingItem(TableItem, discriminator="waiting"):
    lead_id = UnicodeAttribute()
    signal = UnicodeAttribute()
    round = NumberAttribute()


def reference(lead_id: str, signal_key: str) -> str:
    return activity_key("signal", lead_id, signal_key)


def find_conversation(lead_id: str) -> ConversationItem | None:
    return base.find(ConversationItem, keys.lead(lead_id), keys.CONVERSATION)


def conversation(lead_id: str, signal_key: str, owner: str, stage: str, now: datetime) -> ConversationItem:
    return ConversationItem(
        keys.lead(lead_id), keys.CONVERSATION, signal=signal_key, owner=owner, stage=stage, changed=keys.stamp(now)
    )


def unchanged(conversation: ConversationItem | None) -> Condition:
    if conversation is None:
        return ConversationItem.pk.does_not_exist()
    condition: Condition = ConversationItem.signal == conversation.signal
    condition &= ConversationItem.stage == conversation.stage
    condition &= ConversationItem.changed == conversation.changed
    return condition


def find_rotation() -> RotationItem | None:
    return base.find(RotationItem, *keys.sales_turns())


def advance_rotation(rotation: RotationItem | None, owner: str) -> Put:
    number = int(rotation.number) + 1 if rotation else 1
    turns = {**(rotation.turns.as_dict() if rotation else {}), owner: number}
    condition = RotationItem.number == rotation.number if rotation else RotationItem.pk.does_not_exist()
    return Put(RotationItem(*keys.sales_turns(), number=number, turns=turns), condition)


def open_signals(owner: str) -> int:
    item = base.find(LoadItem, *keys.sales_load(owner))
    return len(item.open or ()) if item else 0


def load(owner: str, ref: str, at_most: int | None) -> Update:
    """Add a signal if the owner has fewer than `at_most` open ones; None: no limit."""
    condition = (LoadItem.open.does_not_exist() | (size(LoadItem.open) < at_most)) if at_most else None
    return Update(LoadItem(*keys.sales_load(owner)), [LoadItem.kind.set(LoadItem), LoadItem.open.add({ref})], condition)


def unload(owner: str, ref: str) -> None:
    with suppress(ConditionFailed):  # owners without a capacity have no list
        base.update(LoadItem(*keys.sales_load(owner)), [LoadItem.open.delete({ref})], LoadItem.pk.exists())


def waiting(owner: str, at: datetime, signal: SignalItem, escalation_level: int) -> WaitingItem:
    lead_id = keys.lead_id_of(signal.pk)
    return WaitingItem(
        keys.sales_digest(owner, at),
        keys.waiting_signal(lead_id, signal.sk, escalation_level),
        lead_id=lead_id,
        signal=signal.sk,
        round=escalation_level,
        ttl=int((at + _WAITING_KEPT).timestamp()),
    )


def waiting_for(owner: str, at: datetime) -> list[WaitingItem]:
    return base.query(WaitingItem, keys.sales_digest(owner, at))
