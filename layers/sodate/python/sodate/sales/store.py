"""What sales has in hand: the lead's conversation, whose turn it is, who has how much, and what waits for a morning."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size

from sodate.activities.activity import activity_key
from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.transaction import Put, Update
from sodate.scoring.signals import SignalItem

_WAITING_KEPT = timedelta(days=30)


class ConversationItem(TableItem, discriminator="conversation"):
    """At most one a lead: the signal that sales works on. `stage` is `open`, `expired`, or the latest answer."""

    signal = UnicodeAttribute()
    owner = UnicodeAttribute()
    stage = UnicodeAttribute()
    changed = UnicodeAttribute()


class TurnsItem(TableItem, discriminator="turns"):
    """`turns`: owner → the number of their last lead. Whoever waited longest is next, so absences even out."""

    number = NumberAttribute()
    turns: MapAttribute[str, Any] = MapAttribute(default=dict)


class LoadItem(TableItem, discriminator="load"):
    """Open signals of one owner with a capacity. A set: adding and removing twice is adding and removing once."""

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


def unchanged(held: ConversationItem | None) -> Condition:
    if held is None:
        return ConversationItem.pk.does_not_exist()
    condition: Condition = ConversationItem.signal == held.signal
    condition &= ConversationItem.stage == held.stage
    condition &= ConversationItem.changed == held.changed
    return condition


def find_turns() -> TurnsItem | None:
    return base.find(TurnsItem, *keys.sales_turns())


def take_turn(held: TurnsItem | None, owner: str) -> Put:
    number = int(held.number) + 1 if held else 1
    turns = {**(held.turns.as_dict() if held else {}), owner: number}
    condition = TurnsItem.number == held.number if held else TurnsItem.pk.does_not_exist()
    return Put(TurnsItem(*keys.sales_turns(), number=number, turns=turns), condition)


def open_signals(owner: str) -> int:
    item = base.find(LoadItem, *keys.sales_load(owner))
    return len(item.open or ()) if item else 0


def load(owner: str, ref: str, at_most: int | None) -> Update:
    """`at_most` None: whatever they have already."""
    condition = (LoadItem.open.does_not_exist() | (size(LoadItem.open) < at_most)) if at_most else None
    return Update(LoadItem(*keys.sales_load(owner)), [LoadItem.kind.set(LoadItem), LoadItem.open.add({ref})], condition)


def unload(owner: str, ref: str) -> None:
    with suppress(ConditionFailed):  # owners without a capacity have no list
        base.update(LoadItem(*keys.sales_load(owner)), [LoadItem.open.delete({ref})], LoadItem.pk.exists())


def waiting(owner: str, at: datetime, signal: SignalItem, round_: int) -> WaitingItem:
    lead_id = keys.lead_id_of(signal.pk)
    return WaitingItem(
        keys.sales_digest(owner, at),
        keys.waiting_signal(lead_id, signal.sk, round_),
        lead_id=lead_id,
        signal=signal.sk,
        round=round_,
        ttl=int((at + _WAITING_KEPT).timestamp()),
    )


def waiting_for(owner: str, at: datetime) -> list[WaitingItem]:
    return base.query(WaitingItem, keys.sales_digest(owner, at))
