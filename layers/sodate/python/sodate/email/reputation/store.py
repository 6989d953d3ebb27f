"""Items of reputation: the rate limiter, the counters of reports, the position in SES's suppression list."""

from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, values
from sodate.dynamodb.statement import Statement, number, text
from sodate.dynamodb.table import ConditionFailed
from sodate.email.reputation.guards import Counts

_KEPT = timedelta(days=60)


class RateLimiterItem(TableItem, discriminator="rate_limiter"):
    """`next_slot`: microseconds since the epoch; no email may be sent before it. `rate`: emails per second."""

    rate = NumberAttribute()
    next_slot = NumberAttribute(null=True)
    stopped = UnicodeAttribute(null=True)
    hold_reason = UnicodeAttribute(null=True)
    silent_calls = NumberAttribute(null=True)


_NEXT_IS_BUSY = Statement(
    [RateLimiterItem.next_slot.set(RateLimiterItem.next_slot + number("step"))],
    (RateLimiterItem.next_slot > number("first")) & (RateLimiterItem.next_slot <= number("far")),
)
_KIND = RateLimiterItem.kind.set(RateLimiterItem)
_NEXT_IS_FREE = Statement(
    [RateLimiterItem.next_slot.set(number("then")), _KIND],
    RateLimiterItem.next_slot.does_not_exist() | (RateLimiterItem.next_slot <= number("first")),
)
_STOP = Statement([RateLimiterItem.stopped.set(text("reason")), _KIND], RateLimiterItem.stopped.does_not_exist())


class SlotsAreTaken(Exception):
    """`stored`: the attributes of the rate limiter as they are."""

    def __init__(self, stored: dict[str, Any]) -> None:
        super().__init__("a slot was reserved meanwhile")
        self.stored = stored


def rate_limiter() -> dict[str, Any]:
    """Eventually consistent (usually under a second old); empty before the first tick."""
    return _plain(table.get(keys.sending_account(), keys.RATE_LIMITER))


def reserve_next(first: int, step: int, far: int) -> dict[str, Any]:
    """Move the next slot by `step`, when it lies after `first` and not after `far` (microseconds since 1970).

    Raises: `ConditionFailed`.
    """
    return _execute(_NEXT_IS_BUSY, {"first": first, "step": step, "far": far})


def reserve_first(first: int, then: int) -> dict[str, Any]:
    """Set the next slot to `then`, when it is not after `first`.

    Raises: `SlotsAreTaken`.
    """
    try:
        return _execute(_NEXT_IS_FREE, {"first": first, "then": then})
    except ConditionFailed as error:
        raise SlotsAreTaken(_plain(error.old)) from error


def stop(reason: str) -> bool:
    """False when a stop is stored already."""
    try:
        _execute(_STOP, {"reason": reason})
    except ConditionFailed:
        return False
    return True


def remove_stop_and_count() -> None:
    _change(RateLimiterItem.stopped.remove(), RateLimiterItem.silent_calls.remove())


def remove_count() -> None:
    _change(RateLimiterItem.silent_calls.remove())


def count_silent_call() -> int:
    """The number of calls without a usable answer, this one included."""
    return int(_change(_KIND, RateLimiterItem.silent_calls.add(1))["silent_calls"])


def keep(rate: float, hold_reason: str | None) -> None:
    hold = RateLimiterItem.hold_reason
    _change(
        RateLimiterItem.rate.set(rate), _KIND, hold.remove() if hold_reason is None else hold.set(hold_reason[:200])
    )


def _change(*actions: Action) -> dict[str, Any]:
    item = RateLimiterItem(keys.sending_account(), keys.RATE_LIMITER)
    return _plain(table.update(item, actions, returned="UPDATED_NEW"))


def _execute(statement: Statement, parameters: dict[str, Any]) -> dict[str, Any]:
    return _plain(table.execute(keys.sending_account(), keys.RATE_LIMITER, statement, parameters, "ALL_NEW"))


def _plain(row: Row | None) -> dict[str, Any]:
    return values(RateLimiterItem, row or {})


class RateItem(TableItem, discriminator="rate"):
    delivered = NumberAttribute(default=0)
    bounced = NumberAttribute(default=0)
    complained = NumberAttribute(default=0)


def add_counts(counts: Counts, pk: str, sk: str, now: datetime) -> None:
    """Add to one counter; nothing is written for empty counts."""
    if counts == Counts():
        return
    table.update(
        RateItem(pk, sk),
        [
            RateItem.kind.set(RateItem),
            RateItem.delivered.add(counts.delivered),
            RateItem.bounced.add(counts.bounced),
            RateItem.complained.add(counts.complained),
            RateItem.ttl.set(int((now + _KEPT).timestamp())),
        ],
    )


def latest_counts(pk: str, limit: int) -> dict[str, Counts]:
    """The latest `limit` counters of a partition, by sort key."""
    return {
        item.sk: Counts(int(item.delivered), int(item.bounced), int(item.complained))
        for item in table.query(RateItem, pk, newest_first=True, limit=limit)
    }


def counts_at(pk: str, sort_keys: list[str]) -> list[Counts]:
    """Counters with these sort keys, as far as they exist. One eventually consistent call."""
    rows = table.get_many((pk, sk) for sk in sort_keys)
    stored = [values(RateItem, row) for row in rows.values()]
    return [Counts(counts["delivered"], counts["bounced"], counts["complained"]) for counts in stored]


class SyncItem(TableItem, discriminator="sync"):
    """`until`: the list has been read until then. `token`: where an unfinished run continues; `begun`: its start."""

    until = UnicodeAttribute()
    token = UnicodeAttribute(null=True)
    begun = UnicodeAttribute(null=True)


def sync_position() -> SyncItem | None:
    return table.find(SyncItem, keys.suppression_sync(), keys.POSITION)


def keep_sync_position(until: str, token: str | None, begun: str) -> None:
    table.put(SyncItem(keys.suppression_sync(), keys.POSITION, until=until, token=token, begun=begun))
