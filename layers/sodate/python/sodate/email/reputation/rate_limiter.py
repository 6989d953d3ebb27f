"""Rate limiter and circuit breaker of SES: one item that the dispatcher writes and every sender reads.

SES sets the rate. A sender reserves a slot for each bulk call by one conditional write and waits for it, so the slots
of all senders together never exceed the rate, for any number of senders.

`stopped` is the open circuit breaker: an error that concerns all email opens it, and so do `SILENT_CALLS` calls in a
row without a usable answer. Senders read it before they claim and again with their slot. Only an accepted probe closes
it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Any

from sodate.dynamodb.table import ConditionFailed
from sodate.email.reputation import store

LARGEST_BULK = 50
#: SES allows a new account one email per second.
SANDBOX_RATE = 1.0
#: This many calls in a row without a usable answer, of all senders together, open the circuit breaker.
SILENT_CALLS = 3
#: The reason code of a breaker that opened because SES did not answer.
SILENCE = "ses_does_not_answer"
#: Factor by which slots are further apart than the rate requires: it allows for a sender that wakes up late and for the
#: latency to SES, so that no second has a call too many.
SLACK = 1.03
#: The earliest slot is this far ahead: a slot at the present moment would be over before its reservation returns.
_AHEAD = timedelta(milliseconds=25)
#: A sender that is later than this at its slot reserves another one. Less than the time that `SLACK` adds to a second.
_LATE = timedelta(milliseconds=20)
_TRIES = 5
#: A sender that would wait longer than this for a slot defers its messages instead.
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True)
class RateLimit:
    """`rate`: emails per second. `stopped`: why the circuit breaker is open.

    `hold_reason`: why marketing email is on hold. `silent_calls`: SES calls in a row without a usable answer.
    """

    rate: float = SANDBOX_RATE
    next_slot: datetime | None = None
    stopped: str | None = None
    hold_reason: str | None = None
    silent_calls: int = 0

    @property
    def bulk_size(self) -> int:
        """Emails per bulk call, 1 to 50: a twentieth of the rate, so that calls are evenly spread."""
        return max(1, min(LARGEST_BULK, floor(self.rate / 20)))

    @property
    def slot(self) -> timedelta:
        """Time between two bulk calls; a whole number of calls fits into a second, so no second exceeds the rate."""
        calls = floor(self.rate / self.bulk_size) if self.rate >= 1 else self.rate
        return timedelta(microseconds=ceil(1_000_000 * SLACK / calls))

    def room(self, span: timedelta) -> int:
        """Number of emails that fit into `span`."""
        return max(0, span // self.slot) * self.bulk_size

    def is_saturated(self, now: datetime) -> bool:
        return self.next_slot is not None and self.next_slot > now + PATIENCE


def load() -> RateLimit:
    """The stored rate limit, eventually consistent (usually under a second old); the default before the first tick."""
    return _rate_limit(store.rate_limiter())


@dataclass(frozen=True)
class Slot:
    """`at`: the reserved moment; None: no slot within `PATIENCE`, or the circuit breaker is open (`stopped`)."""

    at: datetime | None
    stopped: str | None = None
    silent_calls: int = 0


def wait_for_slot(rate_limit: RateLimit, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> Slot:
    """Returns when the caller may make one call; without a slot (`at` None) it returns at once."""
    slot = Slot(None)
    for _ in range(_TRIES):
        slot = reserve(rate_limit, clock())
        if slot.at is None:
            return slot
        sleep(max(0.0, (slot.at - clock()).total_seconds()))
        if clock() <= slot.at + _LATE:
            return slot
    return replace(slot, at=None)


def reserve(rate_limit: RateLimit, now: datetime) -> Slot:
    """Reserve the next free slot."""
    first, step = _micro(now + _AHEAD), rate_limit.slot // timedelta(microseconds=1)
    far = _micro(now + PATIENCE)
    while True:
        with suppress(ConditionFailed):  # usually other senders have reserved slots before this one
            stored = store.reserve_next(first, step, far)
            return _slot(stored, _moment(int(stored["next_slot"]) - step))
        try:
            stored = store.reserve_first(first, first + step)
        except store.SlotsAreTaken as error:
            if int(error.stored["next_slot"]) > far:
                return _slot(error.stored, None)
        else:
            return _slot(stored, _moment(first))


def _slot(stored: dict[str, Any], at: datetime | None) -> Slot:
    rate_limit = _rate_limit(stored)
    return Slot(None if rate_limit.stopped else at, rate_limit.stopped, rate_limit.silent_calls)


def open_breaker(reason: str) -> bool:
    """Stop all email until a probe is accepted. False when the breaker is open already; its first reason stays."""
    return store.stop(reason)


def close_breaker() -> None:
    """SES accepted an email: remove the stop and the count of silent calls."""
    store.remove_stop_and_count()


def count_silent_call() -> bool:
    """Count one call without a usable answer. True when this call opens the breaker."""
    return store.count_silent_call() >= SILENT_CALLS and open_breaker(SILENCE)


def forget_silent_calls(slot: Slot) -> None:
    """Reset the count after a usable answer. Nothing is written unless earlier calls had no answer."""
    if slot.silent_calls:
        store.remove_count()


def keep(rate_limit: RateLimit) -> None:
    """Store the rate and the hold of marketing email. The breaker and the reserved slots stay unchanged."""
    store.keep(rate_limit.rate, rate_limit.hold_reason)


def _rate_limit(stored: dict[str, Any]) -> RateLimit:
    next_slot = stored.get("next_slot")
    return RateLimit(
        float(stored.get("rate", SANDBOX_RATE)),
        _moment(int(next_slot)) if next_slot is not None else None,
        stored.get("stopped"),
        stored.get("hold_reason"),
        int(stored.get("silent_calls", 0)),
    )


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(micro: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
