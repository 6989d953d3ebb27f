"""A signal gets its owner, once: one transaction holds the choice, the turn, the load and what must happen later.

A redelivered event finds `assigned_at` and only goes on telling.
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
from sodate.sales.store import ConversationItem, TurnsItem
from sodate.scheduling import store as due
from sodate.scoring.signals import SignalItem, find_signal

#: Five hand-offs at once share one turn counter.
_TRIES = 10
#: In these stages sales has the lead in hand.
_IN_HAND = ("open", "accepted", "meeting_set")


@dataclass(frozen=True)
class Controller:
    """The rules by which sales works, as they stand now."""

    sales: Sales
    mailing: Mailing

    def is_away(self, owner: Owner, now: datetime) -> bool:
        return (
            owner.away_until is not None and office_of(owner, self.sales, self.mailing).today(now) <= owner.away_until
        )

    def held_until(self, owner: Owner, now: datetime) -> datetime | None:
        """When the owner's digest goes out; None when they are told at once."""
        digest, office = self.sales.digest, office_of(owner, self.sales, self.mailing)
        if digest is None or not digest.outside_working_hours or office.is_open(now):
            return None
        at = office.digest_at(now, digest.at)
        return due.due_minute(at, now) if at > now else None

    def answer_by(self, owner: Owner, told: datetime) -> datetime | None:
        if self.sales.sla is None:
            return None
        return office_of(owner, self.sales, self.mailing).after(told, self.sales.sla.answer_within_minutes)


def find(lead_id: str, signal_key: str) -> SignalItem:
    signal = find_signal(lead_id, signal_key)
    if signal is None:
        raise NotFound(f"lead {lead_id} has no signal {signal_key} (any more)")
    return signal


def assign(lead_id: str, signal_key: str, controller: Controller, now: datetime) -> SignalItem:
    """The signal with an owner, or joined to the one that sales has in hand. Raises `Transient` when others win."""
    for _ in range(_TRIES):
        signal = find(lead_id, signal_key)
        if signal.assigned_at is not None or signal.joins is not None:
            return signal
        held = store.find_conversation(lead_id)
        joined = held is not None and _joins(held, controller.sales, now)
        writes = _join(signal, held) if held and joined else _open(signal, held, controller, now)
        try:
            transaction.commit(writes)
        except ConditionFailed:
            continue  # another signal, a turn, a full desk: look again
    raise Transient(f"too many signals at once; {signal_key} of lead {lead_id} comes again")


def _joins(held: ConversationItem, sales: Sales, now: datetime) -> bool:
    """A rise of a lead that sales has in hand is news for the same conversation, no second call."""
    return held.stage in _IN_HAND and now < datetime.fromisoformat(held.changed) + timedelta(days=sales.quiet_days)


def _join(signal: SignalItem, held: ConversationItem) -> list[Write]:
    actions = [SignalItem.joins.set(held.signal), SignalItem.assigned_to.set(held.owner)]
    return [Update(signal, actions, _untouched())]


def _untouched() -> Condition:
    condition: Condition = SignalItem.pk.exists()
    condition &= SignalItem.assigned_at.does_not_exist() & SignalItem.joins.does_not_exist()
    return condition


def _open(signal: SignalItem, held: ConversationItem | None, controller: Controller, now: datetime) -> list[Write]:
    lead_id = keys.lead_id_of(signal.pk)
    profile, turns = load_profile(lead_id), store.find_turns()
    owner, because, at_most = _choose(profile, turns, controller, now)
    ref = store.reference(lead_id, signal.sk)
    actions, writes = reach(signal, owner, 0, controller, now)
    actions += [SignalItem.assigned_at.set(keys.stamp(now)), SignalItem.assigned_because.set(because)]
    writes += [
        Update(signal, actions, _untouched()),
        Put(store.conversation(lead_id, signal.sk, owner.id, "open", now), store.unchanged(held)),
        store.take_turn(turns, owner.id),
        Put(_expiry(lead_id, signal.sk, owner, controller, now)),
    ]
    if owner.capacity is not None:
        writes.append(store.load(owner.id, ref, at_most))
    if profile.owner is None:
        mine = ProfileItem.owner.does_not_exist() & ProfileItem.address.exists()
        writes.append(Update(profile_key(lead_id), [ProfileItem.owner.set(owner.id)], mine))
    return writes


def _choose(
    profile: Profile, turns: TurnsItem | None, controller: Controller, now: datetime
) -> tuple[Owner, str, int | None]:
    last = turns.turns.as_dict() if turns else {}
    for choice in choices(profile, controller.sales, lambda owner: controller.is_away(owner, now)):
        for owner in sorted(choice.owners, key=lambda one: int(last.get(one.id, 0))):
            if choice.whatever:
                return owner, choice.because, None
            if owner.capacity is None or store.open_signals(owner.id) < owner.capacity:
                return owner, choice.because, owner.capacity
    raise AssertionError("the last choice takes every lead")


def reach(
    signal: SignalItem, owner: Owner, round_: int, controller: Controller, now: datetime
) -> tuple[list[Action], list[Write]]:
    """What it takes that `owner` hears of the signal in time: at once or in a digest, and again if nobody answers."""
    lead_id = keys.lead_id_of(signal.pk)
    ref = f"{store.reference(lead_id, signal.sk)}-{round_}"
    held = controller.held_until(owner, now)
    actions: list[Action] = [SignalItem.assigned_to.set(owner.id), SignalItem.round.set(round_)]
    actions.append(SignalItem.held_until.set(keys.stamp(held)) if held else SignalItem.held_until.remove())
    writes: list[Write] = []
    if held:
        entry = {"v": 1, "what": "digest", "owner": owner.id, "minute": keys.minute(held)}
        writes.append(Put(store.waiting(owner.id, held, signal, round_)))
        writes.append(Put(due.due_item(held, due.SALES, "digest", f"{owner.id}-{keys.minute(held)}", entry, now)))
    deadline = controller.answer_by(owner, held or now)
    if deadline and controller.sales.sla and round_ < controller.sales.sla.at_most:
        entry = {"v": 1, "what": "sla", "lead_id": lead_id, "signal": signal.sk, "round": round_}
        writes.append(Put(due.due_item(deadline, due.SALES, "sla", ref, entry, now)))
    return actions, writes


def _expiry(lead_id: str, signal_key: str, owner: Owner, controller: Controller, now: datetime) -> due.DueItem:
    entry = {"v": 1, "what": "expire", "lead_id": lead_id, "signal": signal_key, "owner": owner.id}
    at = now + timedelta(days=controller.sales.feedback.link_days)
    return due.due_item(at, due.SALES, "expire", store.reference(lead_id, signal_key), entry, now)
