"""How fast we may mail, and whether at all: one small item that the dispatcher keeps and every sender asks.

SES says the rate. A sender reserves a slot for each bulk call by one conditional write and waits for it, so the slots
of all senders together never exceed the rate, however many there are.

`stopped` is the open circuit breaker: a refusal that concerns all email opens it, and so do several calls in a row
without a usable answer. Senders see it before they claim and again with their slot. Only an accepted probe closes it.
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
#: SES gives a new account one mail a second.
SANDBOX_RATE = 1.0
#: So many calls in a row without a usable answer, of all senders together, open the circuit breaker.
SILENT_CALLS = 3
#: The reason code of a breaker that opened because SES did not answer.
SILENCE = "ses_does_not_answer"
#: Slots lie this much further apart than the rate asks for: room for a sender that wakes late and for the way to SES,
#: so that even then no second holds a call too many.
SLACK = 1.03
#: A slot is never "now": by the time its reservation is known it would have passed, and its successors come on time.
_AHEAD = timedelta(milliseconds=25)
#: Whoever is later than this at its slot takes another one. Less than `SLACK` leaves free in a second.
_LATE = timedelta(milliseconds=20)
_TRIES = 5
#: Whoever would wait longer than this for a slot puts its messages back instead.
PATIENCE = timedelta(seconds=10)


class RateLimiterItem(TableItem, discriminator="rate_limiter"):
    """`next_slot` in microseconds since the epoch: before it no mail may leave. `rate` in mails a second."""

    rate = NumberAttribute()
    next_slot = NumberAttribute(null=True)
    stopped = UnicodeAttribute(null=True)
    held = UnicodeAttribute(null=True)
    silent_calls = NumberAttribute(null=True)


@dataclass(frozen=True)
class RateLimit:
    """`stopped`: why the circuit breaker is open. `held`: why we hold marketing mail back ourselves.

    `silent_calls`: SES calls in a row without a usable answer.
    """

    rate: float = SANDBOX_RATE
    next_slot: datetime | None = None
    stopped: str | None = None
    held: str | None = None
    silent_calls: int = 0

    @property
    def bulk_size(self) -> int:
        """Mails of one bulk call: a twentieth of a second's worth, so that slots stay even; 1 to 50."""
        return max(1, min(LARGEST_BULK, floor(self.rate / 20)))

    @property
    def slot(self) -> timedelta:
        """Time between two bulk calls; a whole number of them fits into a second, so no window has one too many."""
        calls = floor(self.rate / self.bulk_size) if self.rate >= 1 else self.rate
        return timedelta(microseconds=ceil(1_000_000 * SLACK / calls))

    def room(self, span: timedelta) -> int:
        """How many mails fit into so much time."""
        return max(0, span // self.slot) * self.bulk_size

    def is_saturated(self, now: datetime) -> bool:
        return self.next_slot is not None and self.next_slot > now + PATIENCE


def look() -> RateLimit:
    """A second old at most; absent before the first tick."""
    item = bulk.get(keys.sending_account(), keys.RATE_LIMITER)
    return _rate_limit(item) if item else RateLimit()


@dataclass(frozen=True)
class Slot:
    """`at` is the reserved moment; None: no slot is near enough, or the circuit breaker is open (`stopped`)."""

    at: datetime | None
    stopped: str | None = None
    silent_calls: int = 0


def wait_for_slot(rate_limit: RateLimit, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> Slot:
    """Returns at the moment at which the caller may make one call, or at once with `at` None."""
    turn = Slot(None)
    for _ in range(_TRIES):
        turn = reserve(rate_limit, clock())
        if turn.at is None:
            return turn
        sleep(max(0.0, (turn.at - clock()).total_seconds()))
        if clock() <= turn.at + _LATE:
            return turn
    return replace(turn, at=None)


def reserve(rate_limit: RateLimit, now: datetime) -> Slot:
    """The next free slot, a moment from now at the earliest."""
    first, names = now + _AHEAD, {"#next": "next_slot", "#kind": "kind"}
    moment, step = {"N": str(_micro(first))}, rate_limit.slot // timedelta(microseconds=1)
    free = {":first": moment, ":then": {"N": str(_micro(first) + step)}, ":kind": {"S": "rate_limiter"}}
    busy = {":first": moment, ":step": {"N": str(step)}, ":far": {"N": str(_micro(now + PATIENCE))}}
    queued = "#next > :first AND #next <= :far"
    while True:
        with suppress(ConditionFailed):  # most often others have slots ahead of us
            item = _update("SET #next = #next + :step", queued, {"#next": "next_slot"}, busy, "ALL_NEW")
            return _turn(item, _moment(int(item["next_slot"]["N"]) - step))
        try:
            item = _update(
                "SET #next = :then, #kind = :kind", "attribute_not_exists(#next) OR #next <= :first", names, free,
                "ALL_NEW",
            )  # fmt: skip
        except ConditionFailed as error:
            if int((error.old or {})["next_slot"]["N"]) > _micro(now + PATIENCE):
                return _turn(error.old or {}, None)
        else:
            return _turn(item, first)


def _turn(item: bulk.Raw, at: datetime | None) -> Slot:
    rate_limit = _rate_limit(item)
    return Slot(None if rate_limit.stopped else at, rate_limit.stopped, rate_limit.silent_calls)


def open_breaker(reason: str) -> bool:
    """No email leaves until a probe is accepted. False when the breaker is open already; its first reason stays."""
    names, values = {"#stopped": "stopped", "#kind": "kind"}, {":why": {"S": reason}, ":kind": {"S": "rate_limiter"}}
    try:
        _update("SET #stopped = :why, #kind = :kind", "attribute_not_exists(#stopped)", names, values)
    except ConditionFailed:
        return False
    return True


def close_breaker() -> None:
    """SES took an email."""
    _update("REMOVE #stopped, #silent", None, {"#stopped": "stopped", "#silent": "silent_calls"}, {})


def count_silent_call() -> bool:
    """One more call without a usable answer. True when this one opens the breaker."""
    names, values = {"#silent": "silent_calls", "#kind": "kind"}, {":one": {"N": "1"}, ":kind": {"S": "rate_limiter"}}
    item = _update("SET #kind = :kind ADD #silent :one", None, names, values)
    return int(item["silent_calls"]["N"]) >= SILENT_CALLS and open_breaker(SILENCE)


def forget_silent_calls(turn: Slot) -> None:
    """SES answered. Nothing is written unless calls before it had no answer."""
    if turn.silent_calls:
        _update("REMOVE #silent", None, {"#silent": "silent_calls"}, {})


def keep(rate_limit: RateLimit) -> None:
    """Rate and hold, as the dispatcher found them. The breaker and reserved slots stay as they are."""
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
    found = bulk.plain({"M": item})
    next_slot = found.get("next_slot")
    return RateLimit(
        float(found.get("rate", SANDBOX_RATE)),
        _moment(int(next_slot)) if next_slot is not None else None,
        found.get("stopped"),
        found.get("held"),
        int(found.get("silent_calls", 0)),
    )


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(micro: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
