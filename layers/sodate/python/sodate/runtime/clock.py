"""The only module that reads the system clock. On the local stage `sodate local advance` moves it."""

import json
import os
import secrets as random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """UTC, timezone-aware. `SODATE_CLOCK_FILE` is set on the local stage only."""
    return datetime.now(UTC) + _offset()


def wall_seconds() -> float:
    """Wall-clock seconds, for the age of cached values; `sodate local advance` does not move them."""
    return time.time()


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def pause_between_attempts(attempt: int) -> None:
    """Sleep with full jitter, at most 0.5 s, so that many concurrent posts of one address do not conflict again."""
    time.sleep(random.randbelow(1000) / 1000 * min(0.02 * 2**attempt, 0.5))


@dataclass(frozen=True)
class Clock:
    """`pause` gets the number of the failed attempt and sleeps before the next one."""

    now: Callable[[], datetime] = now
    sleep: Callable[[float], None] = sleep
    pause: Callable[[int], None] = pause_between_attempts
    wall_seconds: Callable[[], float] = wall_seconds


def _offset() -> timedelta:
    name = os.environ.get("SODATE_CLOCK_FILE")
    if not name:
        return timedelta()
    try:
        return timedelta(seconds=int(json.loads(Path(name).read_text())["offset_seconds"]))
    except FileNotFoundError:
        return timedelta()
