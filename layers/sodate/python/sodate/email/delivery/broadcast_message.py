"""Messages of broadcasts on the send queue. They are here, because the dispatcher weighs and divides them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.email.ledger.states import send_id
from sodate.errors import Invalid

LARGEST_BATCH = 50


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
    """Leads that get a run at the instant `at`."""

    what: ClassVar[str] = "broadcast"
    broadcast: str
    occurrence: str
    at: datetime
    leads: tuple[str, ...]

    @property
    def id(self) -> str:
        """Equal for equal batches, so that planning a batch twice has no further effect."""
        return send_id("broadcast", self.broadcast, self.occurrence, keys.stamp(self.at), *self.leads)

    def of(self, leads: Iterable[str]) -> "BroadcastBatch":
        return replace(self, leads=tuple(leads))

    def parts(self, largest: int) -> Iterator["BroadcastBatch"]:
        for start in range(0, len(self.leads), largest):
            yield self.of(self.leads[start : start + largest])

    def to_message(self) -> dict[str, Any]:
        named = {"broadcast": self.broadcast, "run": self.occurrence, "at": keys.stamp(self.at)}
        return {"v": 1, "what": self.what, **named, "leads": list(self.leads)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "BroadcastBatch":
        leads = tuple(str(lead_id) for lead_id in message["leads"])
        if not 1 <= len(leads) <= LARGEST_BATCH or len(set(leads)) != len(leads):
            raise Invalid(f"a batch has 1 to {LARGEST_BATCH} leads, each once", "message")
        at = datetime.fromisoformat(str(message["at"]))
        return cls(str(message["broadcast"]), str(message["run"]), at, leads)
