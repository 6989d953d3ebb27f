"""One tick of a lane: read the minutes since the last tick, hand over the due entries that fit, then move the cursor.

After a crash before the cursor moves, the same entries are handed over again; the claim of each takes effect once.
Entries that do not fit stay in the index, and the next tick continues after the last entry handed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sodate.scheduling import store
from sodate.scheduling.store import MINUTE, Lane, Position

#: A dispatcher that is more than this late raises an alarm.
LATE_MINUTES = 5
#: Maximum age of a cursor that a process keeps in memory; then it is read from the table again.
_TRUSTED = timedelta(minutes=3)
#: An idle cursor is written this often; after a crash, at most this many empty minutes are read twice.
_KEPT_EVERY_MINUTES = 10

#: Takes messages in order; returns the number taken. Fewer than all: there is no more room in this tick.
HandOver = Callable[[Sequence[dict[str, Any]]], int]


@dataclass
class Cursors:
    """Positions of the lanes, kept in the process, so that an idle tick reads only the buckets."""

    _positions: dict[str, Position] = field(default_factory=dict)

    def of(self, lane: Lane, now: datetime) -> Position:
        """The lane's position; read from the table when the one in memory is older than `_TRUSTED`."""
        position = self._positions.get(lane.name)
        if position is None or not position.minute <= now <= position.minute + _TRUSTED:
            position = store.position(lane) or self._first(lane, now)
            self._positions[lane.name] = position
        return position

    @staticmethod
    def _first(lane: Lane, now: datetime) -> Position:
        """Written at once: if this tick crashes, the next one must not begin later."""
        begin = Position(_minute(now) - MINUTE)
        store.keep_position(lane, begin)
        return begin

    def move(self, lane: Lane, position: Position, *, write: bool) -> None:
        if write:
            store.keep_position(lane, position)
        self._positions[lane.name] = position


@dataclass
class Tick:
    minutes: int = 0
    handed_over: int = 0
    minutes_late: float = 0.0
    """Age of the oldest minute that had due entries at this tick, whether handed over or not."""
    is_full: bool = False
    """There was no room for all due entries."""

    @property
    def is_late(self) -> bool:
        return self.minutes_late > LATE_MINUTES


def dispatch(lane: Lane, hand_over: HandOver, cursors: Cursors, now: datetime, page: int = store.PAGE) -> Tick:
    """Run one tick. `page`: maximum number of entries per read.

    Reads the minutes after the cursor, up to and including the current one, shard by shard, and stops where `hand_over`
    has no more room. Raises: what `hand_over` raises; entries of that page are then handed over again.
    """
    tick, start = Tick(), cursors.of(lane, now)
    current, minute, partly = _minute(now), start.minute + MINUTE, dict(start.partly)
    while minute <= current:
        before = tick.handed_over
        for shard in range(lane.shards):
            tick.is_full = not _shard(lane, minute, shard, partly, hand_over, cursors, tick, page)
            if tick.is_full:
                break
        if tick.handed_over > before or tick.is_full:
            tick.minutes_late = max(tick.minutes_late, (now - minute).total_seconds() / 60)
        if tick.is_full:
            if tick.handed_over > before:  # the room may end exactly at the end of a shard
                cursors.move(lane, Position(minute - MINUTE, dict(partly)), write=True)
            break
        had_entries, partly = tick.handed_over > before or bool(partly), {}
        tick.minutes += 1
        cursors.move(lane, Position(minute), write=had_entries or minute.minute % _KEPT_EVERY_MINUTES == 0)
        minute += MINUTE
    return tick


def _shard(
    lane: Lane, minute: datetime, shard: int, partly: dict[int, str], hand_over: HandOver, cursors: Cursors,
    tick: Tick, page: int,
) -> bool:  # fmt: skip
    """False when there is no more room."""
    following = partly.get(shard)
    while True:
        entries, following = store.page(minute, lane, shard, following, page)
        taken = hand_over([entry.message for entry in entries]) if entries else 0
        tick.handed_over += taken
        if taken:
            partly[shard] = entries[taken - 1].sk
        if taken == len(entries) and following is None:
            return True
        if taken:
            cursors.move(lane, Position(minute - MINUTE, dict(partly)), write=True)
        if taken < len(entries):
            return False


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
