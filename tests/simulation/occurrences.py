"""Judges entries by schedule: each member of the segment enters once per occurrence, and never before it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sodate.dynamodb import keys
from sodate.leads.store import to_state
from sodate.scenarios.admission import id_by
from sodate.scenarios.entries import ScheduleEntry
from sodate.scenarios.schedule_entry import cause_of

from tests.simulation.world import START, SimulatedWorld

_TOKYO, _FIRST, _LAST = ZoneInfo("Asia/Tokyo"), START.date(), START.date() + timedelta(days=1)
SEGMENT = "readers"
ENTRIES: tuple[dict[str, Any], ...] = tuple(
    {
        "schedule": {"every": "day", "at": at, "starting": _FIRST.isoformat(), "until": _LAST.isoformat()},
        "segment": SEGMENT,
    }
    for at in ("12:30", "20:00")
)


@dataclass(frozen=True)
class Occurrences:
    """`certain_from`: from then on the scenario was published and nothing failed."""

    world: SimulatedWorld
    scenario: str
    members: list[str]
    certain_from: datetime

    def broken(self) -> Iterator[str]:
        entered = self.entered
        for lead_id in self.members:
            for at, enrollment_id in self._occurrences():
                times = [when for lead, id_, when in entered if (lead, id_) == (lead_id, enrollment_id)]
                if len(times) > 1:
                    yield f"{lead_id} entered {len(times)} times at the occurrence of {at}"
                if not times and at > self.certain_from:
                    yield f"{lead_id} did not enter at the occurrence of {at}"
        known = {enrollment_id for _, enrollment_id in self._occurrences()}
        yield from (f"{lead} entered at no occurrence" for lead, id_, _ in entered if id_ not in known)

    @property
    def figures(self) -> Counter[str]:
        return Counter(by_schedule=len(self.entered))

    @property
    def entered(self) -> list[tuple[str, str, int]]:
        """(lead, enrollment, position in the history of the table) of each beginning."""
        found = []
        for number, ((pk, sk), old, new) in enumerate(self.world.table.history):
            if sk == keys.STATE and new is not None:
                before, after = (to_state(row).enrollments.get(self.scenario) if row else None for row in (old, new))
                if after is not None and (before is None or before.id != after.id):
                    found.append((keys.lead_id_of(pk), after.id, number))
        return found

    def _occurrences(self) -> Iterator[tuple[datetime, str]]:
        for each in ENTRIES:
            entry = ScheduleEntry.model_validate(each)
            for days in range((_LAST - _FIRST).days + 1):
                day = _FIRST + timedelta(days=days)
                at = datetime.combine(day, datetime.strptime(each["schedule"]["at"], "%H:%M").time(), _TOKYO)  # noqa: DTZ007
                yield at, id_by(self.scenario, cause_of(entry, at))
