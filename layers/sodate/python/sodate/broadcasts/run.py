"""A run: one occurrence of a broadcast, from its planning to its last email. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sodate.email.ledger.states import send_id
from sodate.experiments.decision import ExperimentName

#: `planned`: waits for its time. `expanding`: the list of members is read, page by page. `sending`: every email is
#: planned. `testing`: with an experiment, the others wait for its decision. `done`: every email has an outcome.
RunState = Literal["planned", "expanding", "testing", "sending", "done", "cancelled"]
OVER = ("done", "cancelled")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Run:
    """`task`: number of the task that may move the run on; a repeated message has an earlier number.

    `version` and `template_version` are pinned when the run begins (0 before). `wave`, `cursor`: how far the list of
    members is read. `batches`, `planned`: batches and emails written so far. `reason`: why it was cancelled.

    Of an experiment: `templates`, the pinned versions of the other templates of its variants; `is_holding`, whether
    batches wait for the decision; `look`, the look that goes on (`experiments.look`); `released`, how many batches were
    looked through for those that wait.
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
    templates: Mapping[str, int] = field(default_factory=dict)
    is_holding: bool = False
    look: str | None = None
    released: int = 0

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

    @property
    def experiment(self) -> ExperimentName:
        return ExperimentName("broadcast", self.broadcast, self.occurrence)

    def version_of(self, template: str) -> int:
        """The pinned version."""
        return self.templates.get(template, self.template_version)

    def send_id(self, lead_id: str) -> str:
        return send_id("broadcast", self.broadcast, self.occurrence, lead_id)


def outdated(marks: frozenset[str], now: datetime) -> frozenset[str]:
    """Marks of runs that have ended."""
    return frozenset(mark for mark in marks if datetime.fromtimestamp(int(mark[11:]) * 3600, UTC) + _HOUR < now)
