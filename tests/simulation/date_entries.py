"""Judges entries by date from the history of the table: once per date, at its instant, while the profile has it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sodate.activities.store import ActivityItem
from sodate.dynamodb import keys
from sodate.dynamodb.item import values
from sodate.leads.contact_state import Enrollment
from sodate.leads.store import load_state, to_profile, to_state
from sodate.scenarios.admission import id_by
from sodate.scenarios.date_entry import cause_of
from sodate.scenarios.entries import DateEntry

from tests.simulation.world import SimulatedWorld

_TOKYO, _NAME = ZoneInfo("Asia/Tokyo"), "renewal"


@dataclass(frozen=True)
class DateEntries:
    """`dates`: by lead and day, when the day was written into the profile. `entry`: of the scenario."""

    world: SimulatedWorld
    dates: Mapping[tuple[str, date], list[datetime]]
    entry: dict[str, Any]

    def wrong(self) -> Iterator[str]:
        for (lead, day), written in self.dates.items():
            changes = [number for number in self._changes_of_state(lead) if self._begins(number, day)]
            if len(changes) > 1:
                yield f"{lead} entered {len(changes)} times because of {day}"
            if changes and not any(one <= self._instant(day) for one in written):
                yield f"{lead} entered because of {day}, which was past when it was written"
            if any(self._day_before(lead, number) != day.isoformat() for number in changes):
                yield f"{lead} entered because of {day}, which its profile had no longer"
        yield from self._too_early()

    def missed(self, last: Mapping[str, date]) -> Iterator[str]:
        """`last`: the last date of each lead, which was written when all was calm."""
        for lead, day in last.items():
            now = load_state(lead).enrollments.get(_NAME)
            if now is None or now.id != self._id_by(day):
                yield f"{lead} did not enter because of its last date"

    def _too_early(self) -> Iterator[str]:
        for row in self.world.table.items.values():
            if row.get("type", {}).get("S") == "scenario_entered":
                activity = values(ActivityItem, row)
                at = datetime.fromisoformat(str(activity["at"])).astimezone(_TOKYO)
                if activity["about"]["reason"] == "date" and at.time() < self._at:
                    yield f"{activity['pk']} entered at {at}, before the time of the entry"

    def _changes_of_state(self, lead: str) -> Iterator[int]:
        key = keys.lead(lead), keys.STATE
        return (number for number, change in enumerate(self.world.table.history) if change[0] == key)

    def _begins(self, number: int, day: date) -> bool:
        _, old, new = self.world.table.history[number]
        before, after = _enrollment(old), _enrollment(new)
        is_new = after is not None and (before is None or before.id != after.id)
        return is_new and after is not None and after.id == self._id_by(day)

    def _day_before(self, lead: str, number: int) -> str | None:
        history, key = self.world.table.history[:number], (keys.lead(lead), keys.PROFILE)
        profile = next((new for changed, _, new in reversed(history) if changed == key), None)
        return to_profile(profile).secondary.get("renewal") if profile else None

    def _id_by(self, day: date) -> str:
        return id_by(_NAME, cause_of(DateEntry.model_validate(self.entry), day, self._instant(day)))

    @property
    def _at(self) -> time:
        return time.fromisoformat(self.entry["at"])

    def _instant(self, day: date) -> datetime:
        return datetime.combine(day, self._at, _TOKYO)


def _enrollment(row: Any) -> Enrollment | None:
    return to_state(row).enrollments.get(_NAME) if row is not None else None
