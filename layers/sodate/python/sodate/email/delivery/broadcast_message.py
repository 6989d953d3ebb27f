"""Messages of broadcasts on the send queue. They are here, because the dispatcher weighs and divides them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.email.ledger.states import send_id
from sodate.errors import Invalid

LARGEST_BATCH = 50
#: The cell of leads that are not in the sample of an experiment: they get what is decided. No variant has this id.
MAIN = "*"


@dataclass(frozen=True, slots=True)
class BroadcastRun:
    """Moves a run on: begins it, reads its audience, finds out whether it is done. `task`: see `Run.task`."""

    what: ClassVar[str] = "broadcast_run"
    broadcast: str
    occurrence: str
    task: int = 0

    @property
    def ref(self) -> str:
        return send_id("broadcast_run", self.broadcast, self.occurrence, str(self.task))

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "broadcast": self.broadcast, "run": self.occurrence, "task": self.task}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "BroadcastRun":
        return cls(str(message["broadcast"]), str(message["run"]), int(message["task"]))


@dataclass(frozen=True, slots=True)
class BroadcastBatch:
    """Leads that get a run at the instant `at`.

    `cell`: their variant in the run's experiment, or `MAIN`; None: there is no experiment.
    """

    what: ClassVar[str] = "broadcast"
    broadcast: str
    occurrence: str
    at: datetime
    leads: tuple[str, ...]
    cell: str | None = None

    @property
    def id(self) -> str:
        """Equal for equal batches, so that planning a batch twice has no further effect."""
        return send_id("broadcast", self.broadcast, self.occurrence, keys.stamp(self.at), *self.leads)

    @property
    def is_main(self) -> bool:
        return self.cell == MAIN

    def of(self, leads: Iterable[str]) -> "BroadcastBatch":
        return replace(self, leads=tuple(leads))

    def parts(self, largest: int) -> Iterator["BroadcastBatch"]:
        for start in range(0, len(self.leads), largest):
            yield self.of(self.leads[start : start + largest])

    def to_message(self) -> dict[str, Any]:
        named = {"broadcast": self.broadcast, "run": self.occurrence, "at": keys.stamp(self.at)}
        cell = {"cell": self.cell} if self.cell is not None else {}
        return {"v": 1, "what": self.what, **named, "leads": list(self.leads), **cell}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "BroadcastBatch":
        leads = tuple(str(lead_id) for lead_id in message["leads"])
        if not 1 <= len(leads) <= LARGEST_BATCH or len(set(leads)) != len(leads):
            raise Invalid(f"a batch has 1 to {LARGEST_BATCH} leads, each once", "message")
        at = datetime.fromisoformat(str(message["at"]))
        cell = message.get("cell")
        return cls(str(message["broadcast"]), str(message["run"]), at, leads, None if cell is None else str(cell))
