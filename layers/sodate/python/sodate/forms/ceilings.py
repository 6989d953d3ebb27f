"""Ceilings by the clock: so many turns an hour or a day, and a queue of turns behind them. Exact under concurrency.

One item holds the next free turn of one ceiling, as a time. A window of the clock (UTC) holds `at_most` turns, evenly
spaced; taking one is one conditional update, so no two callers get the same. Turns of the current window may be used at
once. DynamoDB takes about 1,000 updates a second of one key, refused ones included: form posts are throttled far below.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import bulk, keys
from sodate.dynamodb.base import ConditionFailed, TableItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Later turns lie in the first part of their window: an email that leaves some minutes late must not leave in the next.
_FIRST_PART = 0.9


class CeilingItem(TableItem, discriminator="ceiling"):
    """`next_turn` in microseconds since the epoch."""

    next_turn = NumberAttribute()


@dataclass(frozen=True)
class Slot:
    """`at`: when it may be used; `window`: the beginning of the stretch of the clock in which it counts."""

    at: datetime
    window: str


@dataclass(frozen=True)
class Ceiling:
    """`what` is counted, `of` what: a form's id, or an HMAC where the thing itself must not stand in a key."""

    what: str
    of: str
    at_most: int
    span: timedelta

    @property
    def width(self) -> int:
        """Microseconds between two turns, rounded up: never a turn too many in a window."""
        return -(-(self.span // _MICROSECOND) // self.at_most)

    def begin(self, at: datetime) -> datetime:
        """Of the window that `at` lies in."""
        return at - (at - _EPOCH) % self.span

    def window(self, at: datetime) -> str:
        return keys.minute(self.begin(at))


def take_turn(ceiling: Ceiling, now: datetime, latest: datetime, *, earliest: datetime | None = None) -> Slot | None:
    """The next free turn from the window of `earliest` (None: of `now`) on; None when there is none until `latest`.

    Raises `Transient` when the table does not answer.
    """
    first, last = _micro(ceiling.begin(earliest or now)), _micro(latest)
    while first <= last:
        try:
            return _turn(ceiling, _join_queue(ceiling, first, last), now)
        except ConditionFailed as error:
            next_turn = int(error.old["next_turn"]["N"]) if error.old else first
        if next_turn > last:
            return None
        try:
            return _turn(ceiling, _begin_queue(ceiling, first, last), now)
        except ConditionFailed:
            continue  # another caller began it in this moment
    return None


def has_room(ceiling: Ceiling, now: datetime) -> bool:
    """Take a turn of the current window; False when none is left."""
    return take_turn(ceiling, now, ceiling.begin(now) + ceiling.span - _MICROSECOND) is not None


def _join_queue(ceiling: Ceiling, first: int, last: int) -> int:
    """Behind turns that were taken before. Raises `ConditionFailed` when there are none, or too many."""
    values = {":first": first, ":last": last, ":width": ceiling.width}
    after = _update(ceiling, "#next = #next + :width", "#next > :first AND #next <= :last", values, last)
    return int(after["next_turn"]["N"]) - ceiling.width


def _begin_queue(ceiling: Ceiling, first: int, last: int) -> int:
    """Raises `ConditionFailed` when turns were taken."""
    values = {":first": first, ":then": first + ceiling.width}
    _update(ceiling, "#next = :then", "attribute_not_exists(#next) OR #next <= :first", values, last)
    return first


def _update(ceiling: Ceiling, change: str, condition: str, values: dict[str, int], last: int) -> bulk.Raw:
    # A day after the window of the last turn that anybody can hold, the item says nothing any more.
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


def _turn(ceiling: Ceiling, micro: int, now: datetime) -> Slot:
    at = _EPOCH + micro * _MICROSECOND
    begin = ceiling.begin(at)
    return Slot(begin + (at - begin) * _FIRST_PART if begin > now else now, keys.minute(begin))


def _micro(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
