"""Fixed-window ceilings: `at_most` slots per hour or day, with a queue of later slots. Exact under concurrency.

One item holds the next free slot of one ceiling, as a time. A window (aligned to UTC) has `at_most` evenly spaced
slots; taking one is one conditional update, so no two callers get the same. Slots of the current window may be used at
once. DynamoDB takes about 1,000 updates a second per key, rejected ones included; form posts are throttled far below.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import bulk, keys
from sodate.dynamodb.base import ConditionFailed, TableItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Slots of later windows lie in the first 90 % of their window, so that an email a few minutes late is still inside.
_FIRST_PART = 0.9


class CeilingItem(TableItem, discriminator="ceiling"):
    """`next_turn` in microseconds since the epoch."""

    next_turn = NumberAttribute()


@dataclass(frozen=True)
class Slot:
    """`at`: earliest time of use; `window`: start of the window in which it counts, as `keys.minute`."""

    at: datetime
    window: str


@dataclass(frozen=True)
class Ceiling:
    """`what` names the counted event, `of` its subject: a form id, or an HMAC where the value must not be in a key."""

    what: str
    of: str
    at_most: int
    span: timedelta

    @property
    def width(self) -> int:
        """Microseconds between two slots, rounded up, so that a window never has more than `at_most`."""
        return -(-(self.span // _MICROSECOND) // self.at_most)

    def begin(self, at: datetime) -> datetime:
        """Start of the window that contains `at`."""
        return at - (at - _EPOCH) % self.span

    def window(self, at: datetime) -> str:
        return keys.minute(self.begin(at))


def take_slot(ceiling: Ceiling, now: datetime, latest: datetime, *, earliest: datetime | None = None) -> Slot | None:
    """Take the next free slot from the window of `earliest` (None: of `now`) on; None when none is free until `latest`.

    Raises: `Transient` when DynamoDB does not respond.
    """
    first, last = _micro(ceiling.begin(earliest or now)), _micro(latest)
    while first <= last:
        try:
            return _slot(ceiling, _join_queue(ceiling, first, last), now)
        except ConditionFailed as error:
            next_turn = int(error.old["next_turn"]["N"]) if error.old else first
        if next_turn > last:
            return None
        try:
            return _slot(ceiling, _begin_queue(ceiling, first, last), now)
        except ConditionFailed:
            continue  # a concurrent caller created the queue
    return None


def has_room(ceiling: Ceiling, now: datetime) -> bool:
    """Take a slot of the current window; False when none is left."""
    return take_slot(ceiling, now, ceiling.begin(now) + ceiling.span - _MICROSECOND) is not None


def _join_queue(ceiling: Ceiling, first: int, last: int) -> int:
    """Take the slot after those already taken.

    Raises: `ConditionFailed` when none was taken in or after the first window, or when the queue exceeds `last`.
    """
    values = {":first": first, ":last": last, ":width": ceiling.width}
    after = _update(ceiling, "#next = #next + :width", "#next > :first AND #next <= :last", values, last)
    return int(after["next_turn"]["N"]) - ceiling.width


def _begin_queue(ceiling: Ceiling, first: int, last: int) -> int:
    """Take the first slot of an empty queue.

    Raises: `ConditionFailed` when a slot was taken already.
    """
    values = {":first": first, ":then": first + ceiling.width}
    _update(ceiling, "#next = :then", "attribute_not_exists(#next) OR #next <= :first", values, last)
    return first


def _update(ceiling: Ceiling, change: str, condition: str, values: dict[str, int], last: int) -> bulk.Raw:
    # One day after the window of the latest possible slot, the item has no effect any more.
    ttl = int((_EPOCH + last * _MICROSECOND + ceiling.span + timedelta(days=1)).timestamp())
    return bulk.update(
        keys.ceiling(ceiling.what, ceiling.of),
        keys.NEXT,
        f"SET {change}, #kind = :kind, #ttl = :ttl",
        condition,
        {"#next": "next_turn", "#kind": "kind", "#ttl": "ttl"},
        {":kind": {"S": "ceiling"}, ":ttl": {"N": str(ttl)}} | {name: {"N": str(n)} for name, n in values.items()},
        "UPDATED_NEW",
    )


def _slot(ceiling: Ceiling, micro: int, now: datetime) -> Slot:
    at = _EPOCH + micro * _MICROSECOND
    begin = ceiling.begin(at)
    return Slot(begin + (at - begin) * _FIRST_PART if begin > now else now, keys.minute(begin))


def _micro(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
