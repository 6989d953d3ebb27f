"""One tick: read the minutes since the last tick, hand what is due to the queue, then move the cursor.

A crash before the cursor moves hands the same entries over again; the claim lets each act once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.due import store

#: A dispatcher that is this far behind is worth an alarm.
LATE_MINUTES = 5

Enqueue = Callable[[Sequence[dict[str, Any]]], None]


@dataclass(frozen=True)
class Tick:
    minutes: int
    handed_over: int
    minutes_late: float
    """How late the oldest entry of this tick was."""

    @property
    def is_late(self) -> bool:
        return self.minutes_late > LATE_MINUTES


def dispatch(lane: int, enqueue: Enqueue, now: datetime) -> Tick:
    minutes = handed_over = 0
    late = 0.0
    for minute in store.unread_minutes(lane, now):
        due = store.entries(minute, lane)
        for start in range(0, len(due), store.PART):
            part = due[start : start + store.PART]
            enqueue([entry.message for entry in part])
            if start + len(part) < len(due):
                store.move_cursor_into(lane, minute, part[-1])
        if due:
            late = max(late, (now - minute).total_seconds() / 60)
        handed_over += len(due)
        minutes += 1
        # Once an hour on the way too: after a long outage a tick may end before it arrives, and must not begin again.
        if due or minute.minute == 0 or minute >= now.replace(second=0, microsecond=0):
            store.move_cursor(lane, minute)
    return Tick(minutes, handed_over, late)
