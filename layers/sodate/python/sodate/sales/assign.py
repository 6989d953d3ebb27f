"""Assigns an owner to a signal, once: one transaction writes owner, rotation, load and the due entries.

A redelivered event finds `assigned_at` set and only continues with the notification.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Put, Update, Write
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.lead import Profile
from sodate.leads.store import ProfileItem, load_profile, profile_key
from sodate.sales import store
from sodate.sales.choose import choices
from sodate.sales.definition import Owner, Sales
from sodate.sales.hours import office_of
from sodate.sales.store import ConversationItem, RotationItem
from sodate.scheduling import store as due
from sodate.signals.store import SignalItem, find_signal

#: Concurrent hand-offs contend for one rotation item (five run at a time).
_TRIES = 10
#: Conversation stages in which sales is working on the lead.
_ACTIVE_STAGES = ("open", "accepted", "meeting_set")


@dataclass(frozen=True)
class SalesPolicy:
    """The live sales and mailing definitions, and the times that they imply."""

    sales: Sales
    mailing: Mailing

    def is_away(self, owner: Owner, now: datetime) -> bool:
        return (
            owner.away_until is not None and office_of(owner, self.sales, self.mailing).today(now) <= owner.away_until
        )

    def next_digest(self, owner: Owner, now: datetime) -> datetime | None:
        """Time of the owner's digest; None when the owner is notified immediately."""
        digest, office = self.sales.digest, office_of(owner, self.sales, self.mailing)
        if digest is None or not digest.outside_working_hours or office.is_open(now):
            return None
        at = office.digest_at(now, digest.at)
        return due.due_minute(at, now) if at > now else None

    def feedback_deadline(self, owner: Owner, notified_at: datetime) -> datetime | None:
        if self.sales.sla is None:
            return None
        return office_of(owner, self.sales, self.mailing).after(notified_at, self.sales.sla.answer_within_minutes)


def find(lead_id: str, signal_key: str) -> SignalItem:
    signal = find_signal(lead_id, signal_key)
    if signal is None:
        raise NotFound(f"lead {lead_id} has no signal {signal_key} (any more)")
    return signal


def assign(lead_id: str, signal_key: str, policy: SalesPolicy, now: datetime) -> SignalItem:
    """The signal, now with an owner or joined to the conversation that sales is working on.

    Raises: `NotFound` without the signal, `Transient` after ten lost transactions.
    """
    for _ in range(_TRIES):
        signal = find(lead_id, signal_key)
        if signal.assigned_at is not None or signal.joins is not None:
            return signal
        conversation = store.find_conversation(lead_id)
        joined = conversation is not None and _joins(conversation, policy.sales, now)
        writes = _join(signal, conversation) if conversation and joined else _open(signal, conversation, policy, now)
        try:
            transaction.commit(writes)
        except ConditionFailed:
            continue  # concurrent signal, rotation or load: read again
    raise Transient(f"too many signals at once; {signal_key} of lead {lead_id} will be retried")


def _joins(conversation: ConversationItem, sales: Sales, now: datetime) -> bool:
    """Whether a new signal joins the current conversation instead of causing a second call."""
    return conversation.stage in _ACTIVE_STAGES and now < datetime.fromisoformat(conversation.changed) + timedelta(
        days=sales.quiet_days
    )


def _join(signal: SignalItem, conversation: ConversationItem) -> list[Write]:
    actions = [SignalItem.joins.set(conversation.signal), SignalItem.assigned_to.set(conversation.owner)]
    return [Update(signal, actions, _unassigned())]


def _unassigned() -> Condition:
    condition: Condition = SignalItem.pk.exists()
    condition &= SignalItem.assigned_at.does_not_exist() & SignalItem.joins.does_not_exist()
    return condition


def _open(signal: SignalItem, conversation: ConversationItem | None, policy: SalesPolicy, now: datetime) -> list[Write]:
    lead_id = keys.lead_id_of(signal.pk)
    profile, rotation = load_profile(lead_id), store.find_rotation()
    owner, because, at_most = _choose(profile, rotation, policy, now)
    ref = store.reference(lead_id, signal.sk)
    actions, writes = plan_notification(signal, owner, 0, policy, now)
    actions += [SignalItem.assigned_at.set(keys.stamp(now)), SignalItem.assigned_because.set(because)]
    writes += [
        Update(signal, actions, _unassigned()),
        Put(store.conversation(lead_id, signal.sk, owner.id, "open", now), store.unchanged(conversation)),
        store.advance_rotation(rotation, owner.id),
        Put(_expiry(lead_id, signal.sk, owner, policy, now)),
    ]
    if owner.capacity is not None:
        writes.append(store.load(owner.id, ref, at_most))
    if profile.owner is None:
        mine = ProfileItem.owner.does_not_exist() & ProfileItem.address.exists()
        writes.append(Update(profile_key(lead_id), [ProfileItem.owner.set(owner.id)], mine))
    return writes


def _choose(
    profile: Profile, rotation: RotationItem | None, policy: SalesPolicy, now: datetime
) -> tuple[Owner, str, int | None]:
    last = rotation.turns.as_dict() if rotation else {}
    for choice in choices(profile, policy.sales, lambda owner: policy.is_away(owner, now)):
        for owner in sorted(choice.owners, key=lambda one: int(last.get(one.id, 0))):
            if choice.ignore_capacity:
                return owner, choice.because, None
            if owner.capacity is None or store.open_signals(owner.id) < owner.capacity:
                return owner, choice.because, owner.capacity
    raise AssertionError("the last choice takes every lead")


def plan_notification(
    signal: SignalItem, owner: Owner, escalation_level: int, policy: SalesPolicy, now: datetime
) -> tuple[list[Action], list[Write]]:
    """Writes that notify `owner` at once or in a digest, and that escalate when no feedback arrives in time."""
    lead_id = keys.lead_id_of(signal.pk)
    ref = f"{store.reference(lead_id, signal.sk)}-{escalation_level}"
    digest_time = policy.next_digest(owner, now)
    actions: list[Action] = [SignalItem.assigned_to.set(owner.id), SignalItem.round.set(escalation_level)]
    actions.append(
        SignalItem.held_until.set(keys.stamp(digest_time)) if digest_time else SignalItem.held_until.remove()
    )
    writes: list[Write] = []
    if digest_time:
        entry = {"v": 1, "what": "digest", "owner": owner.id, "minute": keys.minute(digest_time)}
        writes.append(Put(store.waiting(owner.id, digest_time, signal, escalation_level)))
        writes.append(
            Put(due.due_item(digest_time, due.SALES, "digest", f"{owner.id}-{keys.minute(digest_time)}", entry, now))
        )
    deadline = policy.feedback_deadline(owner, digest_time or now)
    if deadline and policy.sales.sla and escalation_level < policy.sales.sla.at_most:
        entry = {"v": 1, "what": "sla", "lead_id": lead_id, "signal": signal.sk, "round": escalation_level}
        writes.append(Put(due.due_item(deadline, due.SALES, "sla", ref, entry, now)))
    return actions, writes


def _expiry(lead_id: str, signal_key: str, owner: Owner, policy: SalesPolicy, now: datetime) -> due.DueItem:
    entry = {"v": 1, "what": "expire", "lead_id": lead_id, "signal": signal_key, "owner": owner.id}
    at = now + timedelta(days=policy.sales.feedback.link_days)
    return due.due_item(at, due.SALES, "expire", store.reference(lead_id, signal_key), entry, now)
