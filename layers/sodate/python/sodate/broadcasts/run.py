"""A run: one occurrence of a broadcast, from its planning to its last email. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sodate.email.ledger.states import send_id

#: `planned`: waits for its time. `expanding`: the list of members is read, page by page. `sending`: every email is
#: planned. `done`: every email has an outcome.
RunState = Literal["planned", "expanding", "sending", "done", "cancelled"]
OVER = ("done", "cancelled")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Run:
    """`task`: number of the task that may move the run on; a repeated message has an earlier number.

    `version` and `template_version` are pinned when the run begins (0 before). `wave`, `cursor`: how far the list of
    members is read. `batches`, `planned`: batches and emails written so far. `reason`: why it was cancelled.
    """

    broadcast: str
    occurrence: str
    state: RunState = "planned"
    is_paused: bool = False
    task: int = 0
    version: int = 0
    template_version: int = 0
    wave: int = 0
    cursor: str | None = None
    batches: int = 0
    planned: int = 0
    began: str | None = None
    ends: str | None = None
    reason: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def name(self) -> str:
        return f"broadcast {self.broadcast!r}, run {self.occurrence}"

    @property
    def mark(self) -> str:
        """What STATE stores of a lead's email of this run: it is claimed at most once. Equal for all its batches.

        The hour after it says until when it is needed: later, no email of the run is sent.
        """
        hour = int(datetime.fromisoformat(self.ends or "").timestamp() // 3600) + 1
        return f"{send_id('run', self.broadcast, self.occurrence)[:10]}-{hour}"

    def send_id(self, lead_id: str) -> str:
        return send_id("broadcast", self.broadcast, self.occurrence, lead_id)


def outdated(marks: frozenset[str], now: datetime) -> frozenset[str]:
    """Marks of runs that have ended."""
    return frozenset(mark for mark in marks if datetime.fromtimestamp(int(mark[11:]) * 3600, UTC) + _HOUR < now)
