"""A back-fill of a new segment over many leads, killed twice: exact, resumable, and nobody enters anything aloud."""

import json
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sodate.activities.catalog import ActivityType
from sodate.dynamodb import keys
from sodate.dynamodb.table import Table
from sodate.playbook.store import Definitions
from sodate.scoring.replay_job import ReplayTask, begin, run_task
from sodate.scoring.replay_progress import ReplayOptions
from sodate.scoring.rescore import AdditionOf
from sodate.scoring.store import snapshot_of
from sodate.segments.membership_update import Occasion
from sodate.segments.refresh import Live, addition_of
from sodate.segments.segment import SegmentSet

from benchmarks.harness import TABLE, Json
from benchmarks.scoring import rules
from tests.fakes.table import MemoryTable
from tests.support import population

_NOW = datetime(2027, 6, 1, tzinfo=UTC)
_SEGMENTS = 4
_LATER = timedelta(days=1)
NEW = "clicked-twice"
_OLD = {"id": "seen", "when": {"activity": "page_viewed"}}
_BOTH = (_OLD, {"id": NEW, "when": {"activity": "mail_clicked", "times": 2}})


class _Killed(Exception):
    """The process of the task ends here; the queue delivers its message again."""


def measure(leads: int, activities: int = 12) -> Json:
    memory = MemoryTable()
    Table(TABLE, memory).use()
    for line in population.lines(leads, activities):
        memory.put(json.loads(line)["Item"])
    clicks = _clicks(memory)
    Definitions().publish("rules", "default", rules(), _NOW)
    _publish((_OLD,))
    _run("before", lambda: None)
    _publish(_BOTH)
    began, done, before = time.process_time(), [0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kills = {leads // 3, 2 * leads // 3}

    def count() -> None:
        done[0] += 1
        if done[0] in kills:
            raise _Killed

    _run("measured", count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "leads": leads,
        "wrong": len(_members(memory) ^ {lead for lead, times in clicks.items() if times >= 2}),
        "members": len(_members(memory)),
        "announced": sum(one["type"]["S"].startswith("segment_") for one in _kind(memory, "activity")),
        "looked_at": done[0],
        "cpu_seconds": round(time.process_time() - began, 1),
        "more_mib": round((peak - before) / 1024),
    }


def _publish(segments: tuple[Json, ...]) -> None:
    found = SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": segments})
    Definitions().publish("segments", "default", found.model_dump(mode="json"), _NOW - _LATER)


def _run(job: str, before_each: Callable[[], None]) -> None:
    definitions, queue = Definitions(), list[Json]()
    begin(definitions, job, _SEGMENTS, _NOW, lambda messages, _: queue.extend(messages), ReplayOptions())
    live = Live.of(definitions)

    def addition_for(lead_id: str, now: datetime, announce: bool) -> AdditionOf | None:
        before_each()
        return addition_of(lead_id, live, Occasion(is_backfill=True, announce=announce), now)

    while queue:
        task = ReplayTask.parse(queue[0])
        try:
            done = run_task(task, definitions, _clock(), _NOW + timedelta(seconds=2_000), addition_for)
        except _Killed:
            continue  # the same message again
        queue.pop(0)
        queue.extend([done.following.to_message()] if done.following is not None else [])


def _clock() -> Callable[[], datetime]:
    """A second for each look at it, so that a task ends in the middle of its segment as it does on Lambda."""
    ticks = iter(range(10**9))
    return lambda: _NOW + timedelta(seconds=next(ticks))


def _kind(memory: MemoryTable, kind: str) -> Iterator[Any]:
    return (item for item in memory.items.values() if item["kind"]["S"] == kind)


def _clicks(memory: MemoryTable) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in _kind(memory, "activity"):
        if item["type"]["S"] == ActivityType.MAIL_CLICKED:
            lead_id = keys.lead_id_of(item["pk"]["S"])
            found[lead_id] = found.get(lead_id, 0) + 1
    return found


def _members(memory: MemoryTable) -> set[str]:
    """By the facts that are stored with the score; equal to the list of members, or it fails."""
    scores = ((keys.lead_id_of(item["pk"]["S"]), snapshot_of(item)) for item in _kind(memory, "score"))
    stored = {lead_id for lead_id, snapshot in scores if NEW in snapshot.facts.facts.segments}
    listed = sum(NEW in item["pk"]["S"] or NEW in item["sk"]["S"] for item in _kind(memory, "member"))
    assert listed == len(stored), (listed, len(stored))
    return stored
