"""The clock of the local stage: the machine's, shifted by a file that every function and the simulator read.

The file is `{"offset_seconds": n}`; no file is no shift. It is replaced in one step, so that no reader sees half of it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """Call it for the current moment of the local stage, in UTC."""

    path: Path

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def offset(self) -> timedelta:
        """How far the local stage is ahead of the machine."""
        try:
            return timedelta(seconds=int(json.loads(self.path.read_text())["offset_seconds"]))
        except FileNotFoundError:
            return timedelta(0)

    def set_to(self, moment: datetime) -> None:
        """Shift so that it is `moment` now. Time never runs backwards here: an earlier moment changes nothing."""
        if moment > self():
            self.set_offset(moment - datetime.now(UTC))

    def set_offset(self, offset: timedelta) -> None:
        """Write the shift; whole seconds, rounded up."""
        seconds = -(-offset // timedelta(seconds=1))
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps({"offset_seconds": int(seconds)}))
        beside.replace(self.path)
