"""The membership of one lead in all live segments, as a pure decision. Built once per version of the definitions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.conditions.language import (
    ActivityTest,
    AttributeTest,
    BlockedTest,
    ConsentTest,
    Inactive,
    PhaseTest,
    RankTest,
    ScoreTest,
    StageTest,
    Test,
    tests,
)
from sodate.facts.evaluation import LeadView
from sodate.facts.fold import FactFold, predicate_key
from sodate.segments.segment import Segment, SegmentSet, in_order, references

#: What may have changed, beside the keys of predicates (`predicate_key`).
PROFILE, CONTACT, SCORE, LAST_ACTIVITY, LISTS = "profile", "contact", "score", "last activity", "lists"
_ASKED: dict[type[Test], str] = {
    AttributeTest: PROFILE,
    ConsentTest: CONTACT,
    BlockedTest: CONTACT,
    ScoreTest: SCORE,
    RankTest: SCORE,
    PhaseTest: SCORE,
    StageTest: SCORE,
    Inactive: LAST_ACTIVITY,
}

_LISTS = {ActivityType.SEGMENT_ADDED.value, ActivityType.SEGMENT_REMOVED.value}
#: What changes consent, a block or the time zone is written together with one of these.
_CONTACT_CHANGES = {
    ActivityType.CONTACT_CHANGED.value,
    ActivityType.OPT_IN_CONFIRMED.value,
    ActivityType.UNSUBSCRIBED.value,
    ActivityType.PREFERENCES_CHANGED.value,
    ActivityType.MAIL_BOUNCED.value,
    ActivityType.MAIL_COMPLAINED.value,
    ActivityType.FORM_SUBMITTED.value,
}


@dataclass(frozen=True)
class Change:
    segment: str
    entered: bool


@dataclass(frozen=True)
class Membership:
    """`members`: segment → minute entered. `due`: the next minute at which an answer changes by time alone."""

    members: dict[str, int]
    changes: tuple[Change, ...]
    due: int | None


class Segments:
    """The live segments, indexed by what their conditions ask for."""

    def __init__(self, definitions: SegmentSet, version: int) -> None:
        self.definitions = definitions
        self.version = version
        self._ordered = in_order(definitions.segments)
        self._ids = frozenset(segment.id for segment in self._ordered)
        self._unchanged: dict[int, frozenset[str]] = {}
        self.fold = FactFold(segment.when for segment in self._ordered if segment.when is not None)
        #: By what a condition asks for: positions of the segments in their order.
        self._mentioning: dict[str, set[int]] = {}
        for position, segment in enumerate(self._ordered):
            for name in _asked(segment):
                self._mentioning.setdefault(name, set()).add(position)

    def asks_for(self, what: str) -> bool:
        return what in self._mentioning

    def unchanged_since(self, old: "Segments") -> frozenset[str]:
        """Ids of the segments that mean the same as in `old`, as do those that they ask for."""
        if old.version not in self._unchanged:
            before, same = {segment.id: segment for segment in old._ordered}, set[str]()
            for segment in self._ordered:
                earlier = before.get(segment.id)
                if earlier is not None and earlier.when == segment.when and same.issuperset(references(segment)):
                    same.add(segment.id)
            self._unchanged[old.version] = frozenset(same)
        return self._unchanged[old.version]

    def decide(self, view: LeadView, changed: Iterable[str] | None) -> Membership:
        """`view.facts.segments` is the membership so far. `changed`: what may have changed; None: anything.

        Only segments that mention something of it are evaluated, and those that ask for a segment that changed.
        """
        if changed is None:
            decision, wanted = _Decision(view, view.facts.segments.keys() - self._ids), set(range(len(self._ordered)))
        else:
            decision = _Decision(view, ())
            wanted = set[int]().union(*(self._mentioning.get(name, ()) for name in changed))
        waiting = sorted(wanted)  # a heap: segments that ask for another come after it
        while waiting:
            segment = self._ordered[heappop(waiting)]
            if decision.look_at(segment):
                for position in self._mentioning.get(_reference(segment.id), set()) - wanted:
                    wanted.add(position)
                    heappush(waiting, position)
        return Membership(decision.members, tuple(decision.changes), min(decision.due, default=None))


class _Decision:
    """`retired`: segments that no longer exist."""

    def __init__(self, view: LeadView, retired: Iterable[str]) -> None:
        self.members = dict(view.facts.segments)
        self.changes: list[Change] = []
        self.due: list[int] = []
        self._view = replace(view, members=self.members)
        for segment_id in sorted(retired):
            self._change(segment_id, entered=False)

    def look_at(self, segment: Segment) -> bool:
        """Returns whether the membership changed."""
        if segment.when is None:
            holds = segment.id in self._view.facts.added
        else:
            holds = self._view.holds(segment.when)
            self.due += self._view.changes(segment.when)
        has_changed = holds != (segment.id in self.members)
        if has_changed:
            self._change(segment.id, entered=holds)
        return has_changed

    def _change(self, segment_id: str, *, entered: bool) -> None:
        self.changes.append(Change(segment_id, entered))
        if entered:
            self.members[segment_id] = self._view.minute
        else:
            del self.members[segment_id]


def _asked(segment: Segment) -> Iterable[str]:
    if segment.when is None:
        yield LISTS
        return
    for test in tests(segment.when):
        if isinstance(test, ActivityTest):
            yield predicate_key(test)
        elif type(test) in _ASKED:
            yield _ASKED[type(test)]
        if isinstance(test, AttributeTest) and test.in_days is not None:
            yield CONTACT  # the lead's time zone says what today is
    yield from map(_reference, references(segment))


def _reference(segment_id: str) -> str:
    return f"segment {segment_id}"


def may_change(activity: Activity) -> set[str]:
    """Beside facts. The score is looked at for every activity: its own write may have been in an earlier delivery."""
    changed = {SCORE, LAST_ACTIVITY}
    if activity.type in _LISTS:
        changed.add(LISTS)
    if activity.type in _CONTACT_CHANGES:
        changed.add(CONTACT)
    return changed
