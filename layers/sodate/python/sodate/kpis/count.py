"""Counts what changed: stores the changes of one batch of stream records, for the next round to add up."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sodate.dynamodb import kpi_keys
from sodate.kpis.delta import Change, Packed, packed
from sodate.kpis.due_entry import CountsWaiting
from sodate.kpis.store import put_changes
from sodate.scheduling import store as due

#: A due entry that a process wrote counts for later changes too while it is due at least this far ahead.
_MARGIN = timedelta(seconds=45)
_MOST_REMEMBERED = 1_000


@dataclass
class PlannedRounds:
    """Which partitions a process has written a due entry for, and when it is due. One for each process."""

    due_at: dict[str, datetime] = field(default_factory=dict)

    def covers(self, partition: str, now: datetime) -> bool:
        return self.due_at.get(partition, now) >= now + _MARGIN

    def note(self, partition: str, at: datetime) -> None:
        if len(self.due_at) >= _MOST_REMEMBERED:
            self.due_at.clear()
        self.due_at[partition] = at


def count(changes: Sequence[Change], planned: PlannedRounds, now: Callable[[], datetime]) -> int:
    """Store the changes. Returns their number.

    First the changes, then the due entry: after a crash between the two, the redelivered batch writes both, and of each
    record the reader takes one. `now` is asked again after the first write, so that an entry is never due before the
    changes that it stands for are stored.
    """
    by_partition: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.parts or change.visitor:
            by_partition[kpi_keys.delta_partition(change.written, change.shard)].append(change)
    if not by_partition:
        return 0
    contents: dict[str, Sequence[Packed]] = {pk: list(packed(some)) for pk, some in by_partition.items()}
    put_changes(contents, now())
    stored = now()
    for pk in contents:
        if not planned.covers(pk, stored):
            due.plan(stored, due.KPI, pk, CountsWaiting(pk), stored)
            planned.note(pk, due.due_minute(stored, stored))
    return sum(map(len, by_partition.values()))
