"""Items of sales: the lead's conversation, the round-robin rotation, open signals by owner, and waiting signals."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from sodate.activities.activity import activity_key
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed, Put, Update, Write
from sodate.leads.store import ProfileItem, profile_key
from sodate.sales.conversation import ConversationStage, FeedbackKind
from sodate.sales.due_entries import Deadline, Digest, Expiry
from sodate.scheduling import store as due
from sodate.signals.store import SignalItem

_WAITING_KEPT = timedelta(days=30)


class ConversationItem(TableItem, discriminator="conversation"):
    """The signal that sales works on; at most one per lead. `stage`: a `ConversationStage`."""

    signal = UnicodeAttribute()
    owner = UnicodeAttribute()
    stage = UnicodeAttribute()
    changed = UnicodeAttribute()


class RotationItem(TableItem, discriminator="rotation"):
    """Round robin. `latest`: owner → number of their last lead; the owner with the lowest is next."""

    number = NumberAttribute()
    latest: MapAttribute[str, Any] = MapAttribute(default=dict)


class LoadItem(TableItem, discriminator="load"):
    """Open signals of one owner with a capacity. A set, so that repeated adds and removes are idempotent."""

    open = UnicodeSetAttribute(null=True)


class WaitingItem(TableItem, discriminator="waiting"):
    lead_id = UnicodeAttribute()
    signal = UnicodeAttribute()
    escalation_level = NumberAttribute()


def reference(lead_id: str, signal_key: str) -> str:
    """Identifies a signal in the load of an owner and in due entries: one string instead of lead and key."""
    return activity_key("signal", lead_id, signal_key)


def find_conversation(lead_id: str) -> ConversationItem | None:
    return table.find(ConversationItem, keys.lead(lead_id), keys.CONVERSATION)


def open_conversation(lead_id: str, signal_key: str, owner: str, now: datetime) -> ConversationItem:
    """The item to write; `find_conversation` reads the stored one."""
    stage = ConversationStage.OPEN.value
    return ConversationItem(
        keys.lead(lead_id), keys.CONVERSATION, signal=signal_key, owner=owner, stage=stage, changed=keys.stamp(now)
    )


def unchanged(conversation: ConversationItem | None) -> Condition:
    """True while the stored conversation is the one that was read; for None, while there is none."""
    if conversation is None:
        return ConversationItem.pk.does_not_exist()
    condition: Condition = ConversationItem.signal == conversation.signal
    condition &= ConversationItem.stage == conversation.stage
    condition &= ConversationItem.changed == conversation.changed
    return condition


def find_rotation() -> RotationItem | None:
    return table.find(RotationItem, *keys.sales_rotation())


def advance_rotation(rotation: RotationItem | None, owner: str) -> Put:
    number = int(rotation.number) + 1 if rotation else 1
    latest = {**(rotation.latest.as_dict() if rotation else {}), owner: number}
    condition = RotationItem.number == rotation.number if rotation else RotationItem.pk.does_not_exist()
    return Put(RotationItem(*keys.sales_rotation(), number=number, latest=latest), condition)


def open_signals(owner: str) -> int:
    """Signals without feedback that count against the capacity of an owner; 0 for an owner without a capacity."""
    item = table.find(LoadItem, *keys.sales_load(owner))
    return len(item.open or ()) if item else 0


def load(owner: str, ref: str, at_most: int | None) -> Update:
    """Count a signal as open if the owner has fewer than `at_most` of them; None: no limit. Undone by `unload`."""
    condition = (LoadItem.open.does_not_exist() | (size(LoadItem.open) < at_most)) if at_most else None
    return Update(LoadItem(*keys.sales_load(owner)), [LoadItem.kind.set(LoadItem), LoadItem.open.add({ref})], condition)


def unload(owner: str, ref: str) -> None:
    with suppress(ConditionFailed):  # owners without a capacity have no list
        table.update(LoadItem(*keys.sales_load(owner)), [LoadItem.open.delete({ref})], LoadItem.pk.exists())


def waiting(owner: str, at: datetime, signal: SignalItem, escalation_level: int) -> WaitingItem:
    """A signal that waits for the digest of `owner` at `at`; it expires 30 days after."""
    lead_id = keys.lead_id_of(signal.pk)
    return WaitingItem(
        keys.sales_digest(owner, at),
        keys.waiting_signal(lead_id, signal.sk, escalation_level),
        lead_id=lead_id,
        signal=signal.sk,
        escalation_level=escalation_level,
        ttl=int((at + _WAITING_KEPT).timestamp()),
    )


def waiting_for(owner: str, at: datetime) -> list[WaitingItem]:
    return table.query(WaitingItem, keys.sales_digest(owner, at))


# -- signals -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NotificationPlan:
    """`digest_at`: None to notify at once. `deadline`: when it escalates without feedback; None: never."""

    owner: str
    escalation_level: int
    digest_at: datetime | None
    deadline: datetime | None


@dataclass(frozen=True)
class Assignment:
    """`at_most`: open signals that the owner may have, None for no limit; `counts`: whether they have a capacity.

    `expires_at`: end of the feedback link. `takes_lead`: the lead has no owner yet.
    """

    notification: NotificationPlan
    because: str
    expires_at: datetime
    rotation: RotationItem | None
    at_most: int | None = None
    counts: bool = False
    takes_lead: bool = False


def join_writes(signal: SignalItem, conversation: ConversationItem) -> list[Write]:
    """The new signal belongs to a conversation that sales has already. They fail after a concurrent assignment."""
    actions = [SignalItem.joins.set(conversation.signal), SignalItem.assigned_to.set(conversation.owner)]
    return [Update(signal, actions, _unassigned())]


def assignment_writes(
    signal: SignalItem, conversation_before: ConversationItem | None, assignment: Assignment, now: datetime
) -> list[Write]:
    """Signal, conversation, rotation, load and due entries. They fail after a concurrent assignment."""
    lead_id, owner = keys.lead_id_of(signal.pk), assignment.notification.owner
    actions = _notification_actions(assignment.notification)
    actions += [SignalItem.assigned_at.set(keys.stamp(now)), SignalItem.assigned_because.set(assignment.because)]
    expiry = Expiry(lead_id, signal.sk, owner)
    ref = reference(lead_id, signal.sk)
    writes: list[Write] = [
        *_notification_entries(signal, assignment.notification, now),
        Update(signal, actions, _unassigned()),
        Put(open_conversation(lead_id, signal.sk, owner, now), unchanged(conversation_before)),
        advance_rotation(assignment.rotation, owner),
        Put(due.due_item(assignment.expires_at, due.SALES, ref, expiry, now)),
    ]
    if assignment.counts:
        writes.append(load(owner, ref, assignment.at_most))
    if assignment.takes_lead:
        mine = ProfileItem.owner.does_not_exist() & ProfileItem.address.exists()
        writes.append(Update(profile_key(lead_id), [ProfileItem.owner.set(owner)], mine))
    return writes


def escalation_writes(signal: SignalItem, plan: NotificationPlan, now: datetime) -> list[Write]:
    """They fail when feedback arrived, the link expired, or the signal escalated meanwhile."""
    still = (SignalItem.escalation_level == plan.escalation_level - 1) & SignalItem.feedback.does_not_exist()
    still &= SignalItem.expired_at.does_not_exist()
    return [Update(signal, _notification_actions(plan), still), *_notification_entries(signal, plan, now)]


def expiry_writes(signal: SignalItem, now: datetime) -> list[Write]:
    """The feedback link expired. They fail when feedback arrived meanwhile."""
    no_feedback = SignalItem.pk.exists() & SignalItem.feedback.does_not_exist()
    expired = Update(signal, [SignalItem.expired_at.set(keys.stamp(now))], no_feedback)
    return [expired, *stage_writes(signal, ConversationStage.EXPIRED, now)]


def feedback_writes(
    signal: SignalItem, key: str, answer: FeedbackKind, stored_entry: dict[str, Any], now: datetime
) -> list[Write]:
    """They fail after concurrent feedback."""
    actions = [
        SignalItem.feedback.set(answer.value),
        SignalItem.feedback_key.set(key),
        SignalItem.feedback_at.set(keys.stamp(now)),
        SignalItem.feedback_entries[key].set(stored_entry),
        SignalItem.recycled.remove(),
    ]
    latest = SignalItem.feedback_key
    as_seen = latest.does_not_exist() if signal.feedback_key is None else latest == signal.feedback_key
    return [
        Update(signal, actions, SignalItem.pk.exists() & as_seen),
        *stage_writes(signal, ConversationStage(answer), now),
    ]


def recycling_write(signal: SignalItem, outcome: str) -> Update:
    """It fails when the feedback was recycled already or is not the latest any more."""
    still = (SignalItem.feedback_key == signal.feedback_key) & SignalItem.recycled.does_not_exist()
    return Update(signal, [SignalItem.recycled.set(outcome)], still)


def record_attempt(signal: SignalItem, channel: str, attempt: dict[str, str]) -> None:
    with suppress(ConditionFailed):  # erased meanwhile
        table.update(signal, [SignalItem.notifications[channel].set(attempt)], SignalItem.pk.exists())


def stage_writes(signal: SignalItem, stage: ConversationStage, now: datetime) -> list[Write]:
    """The new stage of the lead's conversation, if it is about this signal."""
    current = find_conversation(keys.lead_id_of(signal.pk))
    if current is None or current.signal != signal.sk:
        return []
    actions = [ConversationItem.stage.set(stage.value), ConversationItem.changed.set(keys.stamp(now))]
    return [Update(current, actions, unchanged(current))]


def _unassigned() -> Condition:
    condition: Condition = SignalItem.pk.exists()
    condition &= SignalItem.assigned_at.does_not_exist() & SignalItem.joins.does_not_exist()
    return condition


def _notification_actions(plan: NotificationPlan) -> list[Action]:
    until = SignalItem.digest_at
    return [
        SignalItem.assigned_to.set(plan.owner),
        SignalItem.escalation_level.set(plan.escalation_level),
        until.set(keys.stamp(plan.digest_at)) if plan.digest_at else until.remove(),
    ]


def _notification_entries(signal: SignalItem, plan: NotificationPlan, now: datetime) -> list[Write]:
    """The waiting signal and the due entry of a digest, and the due entry of the escalation."""
    lead_id, level = keys.lead_id_of(signal.pk), plan.escalation_level
    writes: list[Write] = []
    if plan.digest_at:
        minute = keys.minute(plan.digest_at)
        writes.append(Put(waiting(plan.owner, plan.digest_at, signal, level)))
        writes.append(
            Put(due.due_item(plan.digest_at, due.SALES, f"{plan.owner}-{minute}", Digest(plan.owner, minute), now))
        )
    if plan.deadline:
        ref = f"{reference(lead_id, signal.sk)}-{level}"
        entry = Deadline(lead_id, signal.sk, level)
        writes.append(Put(due.due_item(plan.deadline, due.SALES, ref, entry, now)))
    return writes
