"""The only module that reads the system clock. On the local stage `sodate local advance` moves it."""

import json
import os
import time
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


def _offset() -> timedelta:
    name = os.environ.get("SODATE_CLOCK_FILE")
    if not name:
        return timedelta()
    try:
        return timedelta(seconds=int(json.loads(Path(name).read_text())["offset_seconds"]))
    except FileNotFoundError:
        return timedelta()
