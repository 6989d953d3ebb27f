"""One tick: read the minutes since the last tick, hand over what is due and fits, then move the cursor.

A crash before the cursor moves hands the same entries over again; the claim lets each act once. What does not fit into
this tick stays where it is, and the next one goes on behind the last entry handed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sodate.scheduling import store
from sodate.scheduling.store import MINUTE, Lane, Position

#: A dispatcher that is this far behind is worth an alarm.
LATE_MINUTES = 5
#: How long a process believes its own memory of the cursor; then the table is asked again.
_TRUSTED = timedelta(minutes=3)
#: An idle cursor is written this often; after a crash, as many empty minutes are read twice.
_KEPT_EVERY_MINUTES = 10

#: Takes messages, in their order; returns how many of them. Fewer than all: there is no more room in this tick.
HandOver = Callable[[Sequence[dict[str, Any]]], int]


@dataclass
class Cursors:
    """Where the lanes stand, kept in the process, so that an idle tick reads nothing but the buckets."""

    _held: dict[str, Position] = field(default_factory=dict)

    def of(self, lane: Lane, now: datetime) -> Position:
        held = self._held.get(lane.name)
        if held is None or not held.minute <= now <= held.minute + _TRUSTED:
            held = store.position(lane) or self._first(lane, now)
            self._held[lane.name] = held
        return held

    @staticmethod
    def _first(lane: Lane, now: datetime) -> Position:
        """Written at once: if this tick dies, the next one must not begin at its own minute."""
        begin = Position(_minute(now) - MINUTE)
        store.keep_position(lane, begin)
        return begin

    def move(self, lane: Lane, position: Position, *, write: bool) -> None:
        if write:
            store.keep_position(lane, position)
        self._held[lane.name] = position


@dataclass
class Tick:
    minutes: int = 0
    handed_over: int = 0
    minutes_late: float = 0.0
    """Age of the oldest minute that held something at this tick, handed over or left for want of room."""
    is_full: bool = False
    """There was no room for all that is due."""

    @property
    def is_late(self) -> bool:
        return self.minutes_late > LATE_MINUTES


def dispatch(lane: Lane, hand_over: HandOver, cursors: Cursors, now: datetime, page: int = store.PAGE) -> Tick:
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
            if tick.handed_over > before:  # the room may end just where a shard does
                cursors.move(lane, Position(minute - MINUTE, dict(partly)), write=True)
            break
        found, partly = tick.handed_over > before or bool(partly), {}
        tick.minutes += 1
        cursors.move(lane, Position(minute), write=found or minute.minute % _KEPT_EVERY_MINUTES == 0)
        minute += MINUTE
    return tick


def _shard(
    lane: Lane, minute: datetime, shard: int, partly: dict[int, str], hand_over: HandOver, cursors: Cursors,
    tick: Tick, page: int,
) -> bool:  # fmt: skip
    """False when there is no more room."""
    following = partly.get(shard)
    while True:
        found, following = store.page(minute, lane, shard, following, page)
        taken = hand_over([entry.message for entry in found]) if found else 0
        tick.handed_over += taken
        if taken:
            partly[shard] = found[taken - 1].sk
        if taken == len(found) and following is None:
            return True
        if taken:
            cursors.move(lane, Position(minute - MINUTE, dict(partly)), write=True)
        if taken < len(found):
            return False


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
