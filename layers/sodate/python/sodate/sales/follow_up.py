"""Scheduled follow-ups of sales: digests, retries, escalations, expiry of links, recycling, reminders of calls.

Entries of the due lane `sales` may be delivered twice: the state of the signal decides what is left to do.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sodate.calls.call import CallDue, CallState
from sodate.calls.store import find_call
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.ledger.states import send_id
from sodate.errors import Invalid
from sodate.leads.store import load_profile
from sodate.sales import store
from sodate.sales.assign import SalesPolicy, plan_notification
from sodate.sales.call_owner import call_owner
from sodate.sales.due_entries import Deadline, Digest, Expiry, Notify, Recycle, SalesEntry
from sodate.sales.notify import LARGEST_DIGEST, NotifyResult, SalesNotifier
from sodate.sales.recycle import recycle
from sodate.scheduling import store as due
from sodate.signals.store import SignalItem, find_signal

#: Retries of a failing channel, with doubling delays; then the failure stays on the signal.
_RETRIES = 6
_RETRY_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class FollowUp:
    notifier: SalesNotifier

    def act(self, entry: SalesEntry, now: datetime) -> str:
        """Process one due entry; the outcome as one word."""
        match entry:
            case Digest():
                return self._digest(entry, now)
            case Notify():
                return self._notify(entry, now)
            case Deadline():
                return self._escalate(entry, now)
            case Expiry():
                return self._expire(entry, now)
            case Recycle():
                return recycle(self.notifier.definitions, entry, now)
            case CallDue():
                return self._remind(entry, now)
            case _:
                assert_never(entry)

    def _digest(self, entry: Digest, now: datetime) -> str:
        minute = entry.minute
        signals = waiting_signals(entry.owner, keys.minute_start(minute))
        if not signals:
            return "nothing_waits"
        owner, outcome = self.notifier.sales.owner(entry.owner), "notified"
        for start in range(0, len(signals), LARGEST_DIGEST):
            part = signals[start : start + LARGEST_DIGEST]
            result = self.notifier.notify_digest(owner, f"{minute}-{start}", part, now)
            outcome = self._retry(result, entry, f"{entry.owner}-{minute}-{start}", now)
        return outcome

    def _notify(self, entry: Notify, now: datetime) -> str:
        signal = _open_signal(entry)
        if signal is None or int(signal.escalation_level) != entry.escalation_level:
            return "answered"
        return self._retry(self.notifier.notify(signal, now), entry, _ref(entry), now)

    def _escalate(self, entry: Deadline, now: datetime) -> str:
        """Raise the escalation level once; a repeated entry only completes the missing notifications."""
        signal, sales = _open_signal(entry), self.notifier.sales
        if signal is None or sales.sla is None:
            return "answered"
        if int(signal.escalation_level) == entry.escalation_level:
            owner = sales.owner(sales.sla.escalate_to)
            plan = plan_notification(owner, entry.escalation_level + 1, SalesPolicy(sales, self.notifier.mailing), now)
            try:
                table.commit(store.escalation_writes(signal, plan, now))
            except ConditionFailed:
                return "answered"
            signal = _open_signal(entry)
        if signal is None or int(signal.escalation_level) != entry.escalation_level + 1:
            return "answered"
        if signal.digest_at is not None and keys.stamp(now) < signal.digest_at:
            return "waits_for_digest"
        next_ = Notify(entry.lead_id, entry.signal, entry.escalation_level + 1)
        return self._retry(self.notifier.notify(signal, now), next_, _ref(next_), now)

    def _expire(self, entry: Expiry, now: datetime) -> str:
        """The link expired without feedback: free the owner's capacity; the next signal starts a new conversation."""
        signal = find_signal(entry.lead_id, entry.signal)
        if signal is not None and signal.feedback is None and signal.expired_at is None:
            with suppress(ConditionFailed):
                table.commit(store.expiry_writes(signal, now))
        store.unload(entry.owner, store.reference(entry.lead_id, entry.signal))
        return "expired"

    def _remind(self, entry: CallDue, now: datetime) -> str:
        """Once, in the owner's hours: a repeated entry finds the email planned."""
        call, sales = find_call(entry.lead_id, entry.call), self.notifier.sales
        if call is None or call.state != CallState.OPEN:
            return "answered"
        policy = SalesPolicy(sales, self.notifier.mailing)
        profile, signal = load_profile(entry.lead_id), find_signal(entry.lead_id, call.signal)
        owner = call_owner(profile, signal, sales, lambda one: policy.is_away(one, now))
        at = policy.next_digest(owner, now)
        if at is not None:
            due.plan(at, due.SALES, entry.ref, entry, now)
            return "waits_for_digest"
        self.notifier.remind(call, owner, now)
        return "notified"

    def _retry(self, result: NotifyResult, entry: Digest | Notify, ref: str, now: datetime) -> str:
        """Plan a retry as an entry of its own, so that a failing channel does not block later entries."""
        tries = entry.tries + 1
        if not result.failures:
            return "notified"
        if tries > _RETRIES or all(isinstance(failure, Invalid) for failure in result.failures):
            return "failed"
        at = now + _RETRY_AFTER * 2 ** (tries - 1)
        due.plan(at, due.SALES, send_id("retry", ref, str(tries)), replace(entry, tries=tries), now)
        return "again_later"


def waiting_signals(owner: str, at: datetime) -> list[SignalItem]:
    """Signals of the digest of `at` that still have no feedback."""
    waiting = ((item, find_signal(item.lead_id, item.signal)) for item in store.waiting_for(owner, at))
    return [
        signal
        for item, signal in waiting
        if signal and _is_open(signal) and int(signal.escalation_level) == int(item.escalation_level)
    ]


def _is_open(signal: SignalItem) -> bool:
    return signal.feedback is None and signal.expired_at is None


def _open_signal(entry: Notify | Deadline) -> SignalItem | None:
    signal = find_signal(entry.lead_id, entry.signal)
    return signal if signal is not None and _is_open(signal) else None


def _ref(entry: Notify) -> str:
    return f"{store.reference(entry.lead_id, entry.signal)}-{entry.escalation_level}"
