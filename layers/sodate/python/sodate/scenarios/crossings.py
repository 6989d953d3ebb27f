"""Entries by score, rank and phase: each is a segment of its own, and entering or leaving it is the crossing. Pure.

A crossing is then an activity in the lead's log, written once and in the same transaction as the score. A changed
definition brings nobody in: a back-fill of segments announces nothing.
"""

import hashlib
from collections.abc import Iterator

from sodate.conditions.language import Condition, PhaseTest, RankTest, ScoreTest
from sodate.scenarios.entries import ActivityEntry, Entry, PhaseEntry, RankEntry, ScoreEntry
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.triggers import SegmentEntered, SegmentLeft, Trigger
from sodate.segments.segment import Segment


def segments_of(scenario: Scenario) -> Iterator[Segment]:
    """The segments that its entries need; for the document of all live segments."""
    for entry in scenario.entry:
        condition = crossed(entry)
        if condition is not None:
            title = f"{scenario.title or scenario.id}: entry"
            yield Segment(id=_segment_id(scenario.id, entry), title=title[:200], when=condition)


def as_activity(scenario_id: str, entry: Entry) -> Entry:
    """The entry as the activity that its crossing writes; any other entry unchanged."""
    if crossed(entry) is None:
        return entry
    segment = _segment_id(scenario_id, entry)
    falls = isinstance(entry, ScoreEntry) and entry.falls_below is not None
    trigger: Trigger = SegmentLeft(segment_left=segment) if falls else SegmentEntered(segment_entered=segment)
    return ActivityEntry(on=trigger, when=entry.when)


def crossed(entry: Entry) -> Condition | None:
    """The condition that begins to hold; of a score that falls, the one that no longer holds then: a new lead has never
    been above it. None: the entry is no crossing.
    """
    match entry:
        case ScoreEntry():
            value = entry.rises_to if entry.rises_to is not None else entry.falls_below
            return ScoreTest(score=entry.score, category=entry.category, at_least=value)
        case RankEntry():
            return RankTest(rank=entry.rank)
        case PhaseEntry():
            return PhaseTest(phase=entry.phase)
    return None


def _segment_id(scenario_id: str, entry: Entry) -> str:
    """Stays when entries change their order, and changes with what is crossed."""
    text = f"{scenario_id}\x1f{entry.model_dump_json(exclude={'when'})}"
    return f"entry-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
