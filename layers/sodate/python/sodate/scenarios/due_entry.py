"""Due entries of entries by date: one per lead, date entry and day, planned while the day lies ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class DateReached:
    """`entry`: `date_entry.entry_id`. `day`: the value of the profile when this was planned."""

    what: ClassVar[str] = "date_entry"
    lead_id: str
    scenario: str
    entry: str
    day: date

    @property
    def ref(self) -> str:
        return f"{self.lead_id}/{self.scenario}/{self.entry}"

    def to_message(self) -> dict[str, Any]:
        named = {"lead": self.lead_id, "scenario": self.scenario, "entry": self.entry}
        return {"v": 1, "what": self.what, **named, "day": self.day.isoformat()}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "DateReached":
        lead_id, scenario, entry, day = (str(message[name]) for name in ("lead", "scenario", "entry", "day"))
        return cls(lead_id, scenario, entry, date.fromisoformat(day))
