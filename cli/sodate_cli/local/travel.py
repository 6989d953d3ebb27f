"""Time travel: move the local stage's clock and let happen, in order, what would have happened on the way.

An idle minute changes nothing but the dispatcher's cursor, so idle minutes are skipped: the clock jumps from one moment
at which something waits (a due entry, a hidden queue message) to the next, and at each one the schedules run and every
queue and stream is drained before the clock moves again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sodate.messages import Message

from sodate_cli.local.clock import ShiftedClock

_MINUTE = timedelta(minutes=1)
_QUIET_CHECKS = 2


class StillBusy(RuntimeError):
    """Something does not come to rest; the message says what."""


class DueIndex(Protocol):
    """What `sodate.scheduling.store` knows; the keys of the due index are its business alone."""

    def next_due_minute(self, after: datetime) -> datetime | None: ...
    def skip_idle(self, until: datetime) -> None: ...


class Stage(Protocol):
    """The running local stage, as far as a traveller can tell."""

    def run_schedules(self) -> None: ...
    def work(self) -> Mapping[str, Any]: ...
    def let_queues_wait(self, passed: timedelta) -> None: ...


@dataclass(slots=True)
class Traveller:
    """`pause` is called between two looks at a stage that is still at work, at most `patience` unchanged ones."""

    clock: ShiftedClock
    due: DueIndex
    stage: Stage
    pause: Callable[[], None] = lambda: time.sleep(0.05)
    patience: int = 1200
    stops: list[datetime] = field(default_factory=list)

    def travel(self, target: datetime) -> list[datetime]:
        """Go to `target`; the moments at which something was done. Raises StillBusy."""
        self._work_off()
        while (stop := self._next_stop(self.clock())) is not None and stop < target:
            self._go(stop)
            self.stops.append(stop)
        self._go(target)
        return self.stops

    def _next_stop(self, now: datetime) -> datetime | None:
        due = self.due.next_due_minute(now)
        waits = [queue["next_in"] for queue in handled(self.stage.work()["queues"]) if queue["next_in"] is not None]
        # A second more: a message is visible after its time, not at it.
        visible = now + timedelta(seconds=min(waits) + 1) if waits else None
        return min((moment for moment in (due, visible) if moment is not None), default=None)

    def _go(self, moment: datetime) -> None:
        """Cursors first, clock second: a schedule that fires in between must not read the idle minutes one by one."""
        before = moment.replace(second=0, microsecond=0) - _MINUTE
        self.due.skip_idle(before)
        passed = moment - self.clock()
        self.clock.set_to(moment)
        if passed > timedelta(0):
            self.stage.let_queues_wait(passed)
        self._work_off()

    def _work_off(self) -> None:
        self.stage.run_schedules()
        self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        """Return when nothing runs and nothing visible waits, twice in a row; patience is for standing still only."""
        quiet = unchanged = 0
        before: list[str] = []
        while quiet < _QUIET_CHECKS:
            left = what_is_left(self.stage.work())
            quiet = 0 if left else quiet + 1
            unchanged = unchanged + 1 if left == before else 0
            if unchanged > self.patience:
                raise StillBusy(
                    Message(
                        "the stage does not come to rest: {busy}; look at .local/ministack.log", busy=", ".join(left)
                    )
                )
            before = left
            if quiet < _QUIET_CHECKS:
                self.pause()


def handled(queues: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Queues that a function reads: what lies in a dead-letter queue waits for people."""
    return [queue for name, queue in queues.items() if not name.endswith("-dlq")]


def what_is_left(work: Mapping[str, Any]) -> list[str]:
    """What is still going on, in words; empty when the stage rests."""
    counts = {
        "running functions": work["executing"],
        "batches in flight": work["batches"],
        "stream records": work["stream_records"],
        "queue messages": sum(queue["visible"] for queue in handled(work["queues"])),
        "mail events": work.get("mail_events", 0),
    }
    return [f"{count} {name}" for name, count in counts.items() if count]


def parse_span(text: str) -> timedelta:
    """`3d`, `12h`, `30m`, or several joined: `1d12h`. Raises ValueError."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    parts: dict[str, int] = {}
    number = ""
    for character in text.strip().lower():
        if character.isascii() and character.isdigit():
            number += character
        elif character in units and number and units[character] not in parts:
            parts[units[character]], number = int(number), ""
        else:
            raise ValueError(Message("{text!r} is not a span of time: write 3d, 12h, 30m or 1d12h", text=text))
    span = timedelta(**parts)
    if number or not timedelta(0) < span <= timedelta(days=366):
        raise ValueError(Message("{text!r} is not between a minute and a year: write 3d, 12h, 30m or 1d12h", text=text))
    return span
