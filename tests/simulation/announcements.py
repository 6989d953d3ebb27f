"""Judges which changes of membership were announced: from the history of the table, change by change.

A change that only new definitions made is announced by nobody but a back-fill with `--announce`. Every other one is,
exactly once, whoever wrote it: the stream reader, the due lane or a back-fill.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sodate.activities.activity import activity_key
from sodate.activities.store import activities_of
from sodate.dynamodb import keys
from sodate.leads.store import load_profile
from sodate.playbook.store import ONLY, Definitions, parsed
from sodate.scoring.store import ScoreSnapshot, snapshot_of
from sodate.segments.segment import SegmentSet, references

from tests.simulation.fact_world import FactWorld


@dataclass(frozen=True)
class Write:
    """Of a SCORE item. `by`: the function, a back-fill with its message."""

    lead_id: str
    before: ScoreSnapshot
    after: ScoreSnapshot
    by: str

    @property
    def changes(self) -> Iterator[tuple[str, str]]:
        """(segment, type of the activity that announces it)."""
        old, new = self.before.facts.facts.segments, self.after.facts.facts.segments
        yield from ((segment, "segment_entered") for segment in new.keys() - old.keys())
        yield from ((segment, "segment_left") for segment in old.keys() - new.keys())

    @property
    def versions_changed(self) -> bool:
        was, now = self.before, self.after
        return (was.facts.segments_version, was.rules_version) != (now.facts.segments_version, now.rules_version)


@dataclass
class Announcements:
    world: FactWorld
    library: Definitions
    figures: Counter[str] = field(default_factory=Counter)

    def broken(self) -> Iterator[str]:
        announced = {
            (lead_id, one.key): one
            for lead_id in sorted({write.lead_id for write in self._writes()})
            for one in activities_of(lead_id)
            if one.type in ("segment_entered", "segment_left")
        }
        for write in self._writes():
            for segment, type_ in write.changes:
                key = activity_key("segment", segment, str(write.before.version))
                activity = announced.pop((write.lead_id, key), None)
                self.figures["announced" if activity else "quiet"] += 1
                what = f"{write.lead_id} {type_} {segment} by {write.by} at version {write.before.version}"
                wanted = self._is_announced(write, segment)
                if activity is not None and activity.type != type_:
                    yield f"{what} was announced as {activity.type}"
                if wanted is not None and wanted != (activity is not None):
                    yield f"{what} was {'announced' if activity else 'not announced'}"
            if write.after.facts.segments_version < write.before.facts.segments_version:
                yield f"{write.lead_id} was taken back to older definitions by {write.by}"
            if write.versions_changed:  # in and out again within one write
                for segment in write.before.facts.facts.segments.keys() | self._defined(write.after):
                    announced.pop((write.lead_id, activity_key("segment", segment, str(write.before.version))), None)
        yield from (f"{lead_id} announced {one.about} without a change" for (lead_id, _), one in announced.items())

    def _writes(self) -> Iterator[Write]:
        self.world.note_writers()
        for (pk, sk), by, (old, new) in self._history():
            if sk == keys.SCORE and new is not None:
                yield Write(keys.lead_id_of(pk), snapshot_of(old), snapshot_of(new), by)

    def _history(self) -> Iterator[tuple[Any, str, tuple[Any, Any]]]:
        for by, (key, old, new) in zip(self.world.writers, self.world.table.history, strict=True):
            yield key, by, (old, new)

    def _is_announced(self, write: Write, segment: str) -> bool | None:
        """None: the change may have been made by new definitions or by what was new in the log."""
        if "-announce" in write.by:
            return True
        if not self._may_be_by_definition(write, segment):
            return True
        return False if write.by.startswith("score_replay") else None

    def _may_be_by_definition(self, write: Write, segment: str) -> bool:
        if not write.before.version:
            published = datetime.fromisoformat(self._stored(write.after.facts.segments_version).published)
            return datetime.fromisoformat(load_profile(write.lead_id).created) <= published
        if write.before.rules_version != write.after.rules_version:
            return True
        before, after = write.before.facts.segments_version, write.after.facts.segments_version
        return before != after and self._meaning(before, segment) != self._meaning(after, segment)

    def _meaning(self, version: int, segment: str) -> Any:
        """The condition, with those of the segments that it asks for. None: there is no such segment."""
        if not version:
            return None
        found = next((one for one in self._set(version).segments if one.id == segment), None)
        return found and (found.when, [self._meaning(version, other) for other in references(found)])

    def _defined(self, snapshot: ScoreSnapshot) -> set[str]:
        return {one.id for one in self._set(snapshot.facts.segments_version).segments}

    def _set(self, version: int) -> SegmentSet:
        return parsed(self._stored(version), SegmentSet)

    def _stored(self, version: int) -> Any:
        return self.library.version("segments", ONLY, version)
