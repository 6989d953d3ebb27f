"""A round: what it adds to which totals, and which changes items it takes. Pure.

A round is planned in one conditional write and then carried out in idempotent steps, so it is added once whenever a
process dies.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sodate.kpis.contribution import NOW
from sodate.kpis.delta import Additions
from sodate.kpis.period import day_of

#: A round takes no further item above so many bytes or items: its plan is one item, of at most 400 KB, and its updates
#: (about one per 30 bytes, one after the other) must end within the timeout of `kpi_rollup` (55 s).
FULL_BYTES, FULL_ITEMS = 30_000, 2_000


@dataclass(frozen=True)
class Plan:
    """`folded`: partition → sort keys of the changes items that the round takes.

    `days`: None: each addition to an hour is one to its day. A correction corrects days by themselves.
    """

    additions: Additions
    folded: dict[str, list[str]]
    days: Additions | None = None

    def dumps(self) -> str:
        return json.dumps([self.additions, self.folded, self.days], separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> "Plan":
        additions, folded, days = json.loads(text)
        return cls(additions, folded, days)

    def totals(self, zone: str) -> Iterator[tuple[str, str, str, dict[str, int]]]:
        """(scope, `hour` or `day`, which one, counts) of each total."""
        for scope, hours in self.additions.items():
            for hour, counts in hours.items():
                yield scope, "hour", hour, counts
        days = self.days
        if days is None:
            days = {scope: by_day(hours, zone) for scope, hours in self.additions.items()}
        for scope, by_date in days.items():
            for day, counts in by_date.items():
                yield scope, "day", day, counts


def by_day(hours: dict[str, dict[str, int]], zone: str) -> dict[str, dict[str, int]]:
    """Counts per local day, without zeros. `NOW` has no day."""
    days: dict[str, dict[str, int]] = {}
    for hour, counts in hours.items():
        if hour == NOW:
            continue
        day = days.setdefault(day_of(hour, zone), {})
        for name, count in counts.items():
            day[name] = day.get(name, 0) + count
    cleaned = {day: {name: count for name, count in counts.items() if count} for day, counts in days.items()}
    return {day: counts for day, counts in cleaned.items() if counts}
