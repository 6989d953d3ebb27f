"""Fixed-window ceilings: `at_most` slots per hour or day, with a queue of later slots. Exact under concurrency.

A window (aligned to UTC) has `at_most` evenly spaced slots, and no two callers get the same (`store.take_next_slot`).
Slots of the current window may be used at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sodate.dynamodb import keys
from sodate.forms.store import SlotQueue, take_next_slot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Slots of later windows lie in the first 90 % of their window, so that an email a few minutes late is still inside.
_FIRST_PART = 0.9


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
    # One day after the window of the latest possible slot, the item has no effect any more.
    ttl = int((latest + ceiling.span + timedelta(days=1)).timestamp())
    micro = take_next_slot(keys.ceiling(ceiling.what, ceiling.of), SlotQueue(first, last, ceiling.width, ttl))
    return None if micro is None else _slot(ceiling, micro, now)


def has_room(ceiling: Ceiling, now: datetime) -> bool:
    """Take a slot of the current window; False when none is left."""
    return take_slot(ceiling, now, ceiling.begin(now) + ceiling.span - _MICROSECOND) is not None


def _slot(ceiling: Ceiling, micro: int, now: datetime) -> Slot:
    at = _EPOCH + micro * _MICROSECOND
    begin = ceiling.begin(at)
    return Slot(begin + (at - begin) * _FIRST_PART if begin > now else now, keys.minute(begin))


def _micro(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
