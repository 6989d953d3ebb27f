"""Messages of entries by schedule on the send queue. They are here, because the dispatcher parses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.email.delivery.broadcast_message import LARGEST_BATCH
from sodate.email.ledger.states import send_id
from sodate.errors import Invalid


@dataclass(frozen=True, slots=True)
class ScheduledEntry:
    """Reads the members of the entry's segment from `cursor` on. `at`: the occurrence. `entry`: the entry's id."""

    what: ClassVar[str] = "schedule_entry"
    scenario: str
    entry: str
    at: datetime
    cursor: str | None = None

    @property
    def ref(self) -> str:
        return send_id("schedule_entry", self.scenario, self.entry, keys.stamp(self.at), self.cursor or "")

    def to_message(self) -> dict[str, Any]:
        named = {"scenario": self.scenario, "entry": self.entry, "at": keys.stamp(self.at)}
        return {"v": 1, "what": self.what, **named, **({"cursor": self.cursor} if self.cursor else {})}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "ScheduledEntry":
        at, cursor = datetime.fromisoformat(str(message["at"])), message.get("cursor")
        return cls(str(message["scenario"]), str(message["entry"]), at, str(cursor) if cursor else None)


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """Leads that enter because of one occurrence."""

    what: ClassVar[str] = "entries"
    scenario: str
    entry: str
    at: datetime
    leads: tuple[str, ...]

    @property
    def ref(self) -> str:
        """Equal for equal batches, so that planning a batch twice has no further effect."""
        return send_id("entries", self.scenario, self.entry, keys.stamp(self.at), *self.leads)

    def to_message(self) -> dict[str, Any]:
        named = {"scenario": self.scenario, "entry": self.entry, "at": keys.stamp(self.at)}
        return {"v": 1, "what": self.what, **named, "leads": list(self.leads)}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "EntryBatch":
        leads = tuple(str(lead_id) for lead_id in message["leads"])
        if not 1 <= len(leads) <= LARGEST_BATCH or len(set(leads)) != len(leads):
            raise Invalid(f"a batch has 1 to {LARGEST_BATCH} leads, each once", "message")
        at = datetime.fromisoformat(str(message["at"]))
        return cls(str(message["scenario"]), str(message["entry"]), at, leads)
