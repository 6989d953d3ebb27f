"""What time brings: the digest of the morning, the escalation, the end of a link, the way back to nurturing.

Entries of the due lane `sales` may come twice. What stands on the signal decides whether there is something left to do.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Update, Write
from sodate.email.delivery.ledger import send_id
from sodate.errors import Invalid
from sodate.sales import store
from sodate.sales.assign import Controller, reach
from sodate.sales.recycle import recycle
from sodate.sales.store import ConversationItem
from sodate.sales.tell import LARGEST_DIGEST, Teller, Told
from sodate.scheduling import store as due
from sodate.scoring.signals import SignalItem, find_signal

#: A channel that is down is tried so often again, each time later; then the signal says what failed.
_RETRIES = 6
_RETRY_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class FollowUp:
    teller: Teller

    def act(self, entry: Mapping[str, Any], now: datetime) -> str:
        """What became of it, in one word. Raises `Invalid` for an entry that cannot be read."""
        acts = {
            "digest": self._digest,
            "tell": self._tell,
            "sla": self._escalate,
            "expire": self._expire,
            "recycle": self._recycle,
        }
        if entry.get("what") not in acts:
            raise Invalid(f"nobody knows a due entry {entry.get('what')!r}", "entry")
        return acts[entry["what"]](entry, now)

    def _digest(self, entry: Mapping[str, Any], now: datetime) -> str:
        minute = entry["minute"]
        signals = waiting_signals(entry["owner"], keys.minute_start(minute))
        if not signals:
            return "nothing_waits"
        owner, outcome = self.teller.sales.owner(entry["owner"]), "told"
        for start in range(0, len(signals), LARGEST_DIGEST):
            part = signals[start : start + LARGEST_DIGEST]
            told = self.teller.tell_digest(owner, f"{minute}-{start}", part, now)
            outcome = self._again(told, entry, f"{entry['owner']}-{minute}-{start}", now)
        return outcome

    def _tell(self, entry: Mapping[str, Any], now: datetime) -> str:
        signal = _open_signal(entry)
        if signal is None or int(signal.round) != entry["round"]:
            return "answered"
        return self._again(self.teller.tell(signal, now), entry, _ref(entry), now)

    def _escalate(self, entry: Mapping[str, Any], now: datetime) -> str:
        """The round on the signal decides: a repeated entry finds it raised, and tells what is missing."""
        signal, sales = _open_signal(entry), self.teller.sales
        if signal is None or sales.sla is None:
            return "answered"
        if int(signal.round) == entry["round"]:
            owner = sales.owner(sales.sla.escalate_to)
            actions, writes = reach(signal, owner, entry["round"] + 1, Controller(sales, self.teller.mailing), now)
            still = (SignalItem.round == entry["round"]) & SignalItem.answer.does_not_exist()
            try:
                transaction.commit([Update(signal, actions, still & SignalItem.expired_at.does_not_exist()), *writes])
            except ConditionFailed:
                return "answered"
            signal = _open_signal(entry)
        if signal is None or int(signal.round) != entry["round"] + 1:
            return "answered"
        if signal.held_until is not None and keys.stamp(now) < signal.held_until:
            return "held"
        next_ = {**entry, "what": "tell", "round": entry["round"] + 1}
        return self._again(self.teller.tell(signal, now), next_, _ref(next_), now)

    def _expire(self, entry: Mapping[str, Any], now: datetime) -> str:
        """Nobody answered while the link worked: the owner has room again, and a new rise is a new signal."""
        signal = find_signal(entry["lead_id"], entry["signal"])
        if signal is not None and signal.answer is None and signal.expired_at is None:
            with suppress(ConditionFailed):
                transaction.commit(_expiry(signal, now))
        store.unload(entry["owner"], store.reference(entry["lead_id"], entry["signal"]))
        return "expired"

    def _recycle(self, entry: Mapping[str, Any], now: datetime) -> str:
        return recycle(self.teller.definitions, entry, now)

    def _again(self, told: Told, entry: Mapping[str, Any], ref: str, now: datetime) -> str:
        """Later entries are not held up by one broken address: it gets an entry of its own."""
        tries = int(entry.get("tries", 0)) + 1
        if not told.failures:
            return "told"
        if tries > _RETRIES or all(isinstance(failure, Invalid) for failure in told.failures):
            return "failed"
        at = now + _RETRY_AFTER * 2 ** (tries - 1)
        due.plan(at, due.SALES, str(entry["what"]), send_id("retry", ref, str(tries)), {**entry, "tries": tries}, now)
        return "again_later"


def waiting_signals(owner: str, at: datetime) -> list[SignalItem]:
    """Of those that waited for this moment: who still is without an answer."""
    found = ((item, find_signal(item.lead_id, item.signal)) for item in store.waiting_for(owner, at))
    return [signal for item, signal in found if signal and _is_open(signal) and int(signal.round) == int(item.round)]


def _is_open(signal: SignalItem) -> bool:
    return signal.answer is None and signal.expired_at is None


def _open_signal(entry: Mapping[str, Any]) -> SignalItem | None:
    signal = find_signal(entry["lead_id"], entry["signal"])
    return signal if signal is not None and _is_open(signal) else None


def _ref(entry: Mapping[str, Any]) -> str:
    return f"{store.reference(entry['lead_id'], entry['signal'])}-{entry['round']}"


def _expiry(signal: SignalItem, now: datetime) -> list[Write]:
    unanswered = SignalItem.pk.exists() & SignalItem.answer.does_not_exist()
    writes: list[Write] = [Update(signal, [SignalItem.expired_at.set(keys.stamp(now))], unanswered)]
    held = store.find_conversation(keys.lead_id_of(signal.pk))
    if held is not None and held.signal == signal.sk:
        changed = [ConversationItem.stage.set("expired"), ConversationItem.changed.set(keys.stamp(now))]
        writes.append(Update(held, changed, store.unchanged(held)))
    return writes
