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

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import bulk, keys
from sodate.dynamodb.base import ConditionFailed, TableItem

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


class RateLimiterItem(TableItem, discriminator="rate_limiter"):
    """`next_slot`: microseconds since the epoch; no email may be sent before it. `rate`: emails per second."""

    rate = NumberAttribute()
    next_slot = NumberAttribute(null=True)
    stopped = UnicodeAttribute(null=True)
    held = UnicodeAttribute(null=True)
    silent_calls = NumberAttribute(null=True)


@dataclass(frozen=True)
class RateLimit:
    """`rate`: emails per second. `stopped`: why the circuit breaker is open. `held`: why we hold marketing email.

    `silent_calls`: SES calls in a row without a usable answer.
    """

    rate: float = SANDBOX_RATE
    next_slot: datetime | None = None
    stopped: str | None = None
    held: str | None = None
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
    item = bulk.get(keys.sending_account(), keys.RATE_LIMITER)
    return _rate_limit(item) if item else RateLimit()


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
    first, names = now + _AHEAD, {"#next": "next_slot", "#kind": "kind"}
    moment, step = {"N": str(_micro(first))}, rate_limit.slot // timedelta(microseconds=1)
    free = {":first": moment, ":then": {"N": str(_micro(first) + step)}, ":kind": {"S": "rate_limiter"}}
    busy = {":first": moment, ":step": {"N": str(step)}, ":far": {"N": str(_micro(now + PATIENCE))}}
    queued = "#next > :first AND #next <= :far"
    while True:
        with suppress(ConditionFailed):  # usually other senders have reserved slots before this one
            item = _update("SET #next = #next + :step", queued, {"#next": "next_slot"}, busy, "ALL_NEW")
            return _slot(item, _moment(int(item["next_slot"]["N"]) - step))
        try:
            item = _update(
                "SET #next = :then, #kind = :kind", "attribute_not_exists(#next) OR #next <= :first", names, free,
                "ALL_NEW",
            )  # fmt: skip
        except ConditionFailed as error:
            if int((error.old or {})["next_slot"]["N"]) > _micro(now + PATIENCE):
                return _slot(error.old or {}, None)
        else:
            return _slot(item, first)


def _slot(item: bulk.Raw, at: datetime | None) -> Slot:
    rate_limit = _rate_limit(item)
    return Slot(None if rate_limit.stopped else at, rate_limit.stopped, rate_limit.silent_calls)


def open_breaker(reason: str) -> bool:
    """Stop all email until a probe is accepted. False when the breaker is open already; its first reason stays."""
    names, values = {"#stopped": "stopped", "#kind": "kind"}, {":why": {"S": reason}, ":kind": {"S": "rate_limiter"}}
    try:
        _update("SET #stopped = :why, #kind = :kind", "attribute_not_exists(#stopped)", names, values)
    except ConditionFailed:
        return False
    return True


def close_breaker() -> None:
    """SES accepted an email: remove the stop and the count of silent calls."""
    _update("REMOVE #stopped, #silent", None, {"#stopped": "stopped", "#silent": "silent_calls"}, {})


def count_silent_call() -> bool:
    """Count one call without a usable answer. True when this call opens the breaker."""
    names, values = {"#silent": "silent_calls", "#kind": "kind"}, {":one": {"N": "1"}, ":kind": {"S": "rate_limiter"}}
    item = _update("SET #kind = :kind ADD #silent :one", None, names, values)
    return int(item["silent_calls"]["N"]) >= SILENT_CALLS and open_breaker(SILENCE)


def forget_silent_calls(slot: Slot) -> None:
    """Reset the count after a usable answer. Nothing is written unless earlier calls had no answer."""
    if slot.silent_calls:
        _update("REMOVE #silent", None, {"#silent": "silent_calls"}, {})


def keep(rate_limit: RateLimit) -> None:
    """Store rate and hold. The breaker and the reserved slots stay unchanged."""
    names = {"#rate": "rate", "#held": "held", "#kind": "kind"}
    values: dict[str, bulk.Raw] = {":rate": {"N": str(rate_limit.rate)}, ":kind": {"S": "rate_limiter"}}
    expression = "SET #rate = :rate, #kind = :kind"
    if rate_limit.held is None:
        expression += " REMOVE #held"
    else:
        expression += ", #held = :held"
        values[":held"] = {"S": rate_limit.held[:200]}
    _update(expression, None, names, values)


def _update(
    expression: str, condition: str | None, names: dict[str, str], values: dict[str, bulk.Raw],
    returned: str = "UPDATED_NEW",
) -> bulk.Raw:  # fmt: skip
    return bulk.update(keys.sending_account(), keys.RATE_LIMITER, expression, condition, names, values, returned)


def _rate_limit(item: bulk.Raw) -> RateLimit:
    values = bulk.plain({"M": item})
    next_slot = values.get("next_slot")
    return RateLimit(
        float(values.get("rate", SANDBOX_RATE)),
        _moment(int(next_slot)) if next_slot is not None else None,
        values.get("stopped"),
        values.get("held"),
        int(values.get("silent_calls", 0)),
    )


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(micro: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
