"""Assigns an owner to a signal, once: one transaction writes owner, rotation, load and the due entries.

A redelivered event finds `assigned_at` set and only continues with the notification.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Write
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.messages import Message
from sodate.sales import store
from sodate.sales.choose import choices
from sodate.sales.conversation import ACTIVE_STAGES
from sodate.sales.definition import Owner, Sales
from sodate.sales.hours import office_of
from sodate.sales.store import Assignment, ConversationItem, NotificationPlan, RotationItem
from sodate.scheduling import store as due
from sodate.signals.store import SignalItem, find_signal

#: Concurrent hand-offs contend for one rotation item (five run at a time).
_TRIES = 10


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
        raise NotFound(
            Message("lead {lead_id} has no signal {signal_key} (any more)", lead_id=lead_id, signal_key=signal_key)
        )
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
        writes = (
            store.join_writes(signal, conversation)
            if conversation and joined
            else _open(signal, conversation, policy, now)
        )
        try:
            table.commit(writes)
        except ConditionFailed:
            continue  # concurrent signal, rotation or load: read again
    raise Transient(
        Message(
            "too many signals at once; {signal_key} of lead {lead_id} will be retried",
            signal_key=signal_key,
            lead_id=lead_id,
        )
    )


def _joins(conversation: ConversationItem, sales: Sales, now: datetime) -> bool:
    """Whether a new signal joins the current conversation instead of causing a second call."""
    return conversation.stage in ACTIVE_STAGES and now < datetime.fromisoformat(conversation.changed) + timedelta(
        days=sales.quiet_days
    )


def _open(signal: SignalItem, conversation: ConversationItem | None, policy: SalesPolicy, now: datetime) -> list[Write]:
    profile, rotation = load_profile(keys.lead_id_of(signal.pk)), store.find_rotation()
    owner, because, at_most = _choose(profile, rotation, policy, now)
    assignment = Assignment(
        plan_notification(owner, 0, policy, now),
        because,
        expires_at=now + timedelta(days=policy.sales.feedback.link_days),
        rotation=rotation,
        at_most=at_most,
        counts=owner.capacity is not None,
        takes_lead=profile.owner is None,
    )
    return store.assignment_writes(signal, conversation, assignment, now)


def _choose(
    profile: Profile, rotation: RotationItem | None, policy: SalesPolicy, now: datetime
) -> tuple[Owner, str, int | None]:
    last = rotation.latest.as_dict() if rotation else {}
    for choice in choices(profile, policy.sales, lambda owner: policy.is_away(owner, now)):
        for owner in sorted(choice.owners, key=lambda one: int(last.get(one.id, 0))):
            if choice.ignore_capacity:
                return owner, choice.because, None
            if owner.capacity is None or store.open_signals(owner.id) < owner.capacity:
                return owner, choice.because, owner.capacity
    raise AssertionError("the last choice takes every lead")


def plan_notification(owner: Owner, escalation_level: int, policy: SalesPolicy, now: datetime) -> NotificationPlan:
    """Notify `owner` at once or in a digest, and escalate when no feedback arrives in time."""
    digest_at = policy.next_digest(owner, now)
    sla = policy.sales.sla
    escalates = sla is not None and escalation_level < sla.at_most
    deadline = policy.feedback_deadline(owner, digest_at or now) if escalates else None
    return NotificationPlan(owner.id, escalation_level, digest_at, deadline)
