"""Decides facts and membership of one lead; they are written together with its score, in one item."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activities_of, activity_item
from sodate.dynamodb.table import Put
from sodate.errors import NotFound
from sodate.facts.evaluation import LeadView, Scored, Sources
from sodate.facts.fold import Late
from sodate.facts.lead_facts import LeadFacts, StoredFacts, dumped
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import find_state, load_profile
from sodate.playbook.store import ONLY, Definitions, DefinitionUnreadable, Stored, derived, parsed
from sodate.scheduling import store as due
from sodate.scoring.rescore import Addition, Rules
from sodate.scoring.score_state import ScoreState
from sodate.scoring.scored import LeadScore
from sodate.scoring.store import ScoreSnapshot
from sodate.segments.due_entry import SegmentReview
from sodate.segments.membership import CONTACT, PROFILE, SCORE, Change, Segments, may_change
from sodate.segments.segment import SegmentSet
from sodate.segments.store import member_write

#: Of one write: a transaction has at most 100 items, and a change takes up to two.
_MOST_CHANGES = 45


@dataclass(frozen=True)
class Occasion:
    """Why a lead is looked at. `activities`: those logged since the last write; none: time has passed.

    `is_backfill`: a back-fill. What only new definitions or rules change is neither an activity nor an event unless
    `announce`. `has_copies`: a merge put activities anywhere into the log, or took them away, so that it is read anew.
    """

    activities: Sequence[Activity] = ()
    profile_changed: bool = False
    is_backfill: bool = False
    announce: bool = False
    has_copies: bool = False


@dataclass(frozen=True)
class Decision:
    """`quiet`: changes of membership that only new definitions or rules caused."""

    facts: LeadFacts
    quiet: tuple[Change, ...]
    announced: tuple[Change, ...]
    due: int | None
    segments_version: int

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.quiet, *self.announced)


def live_segments(definitions: Definitions) -> Segments | None:
    """None when the playbook has no segments."""
    try:
        stored = definitions.live("segments")
    except NotFound:
        return None
    return _segments(stored)


def _version(definitions: Definitions, version: int) -> Segments | None:
    """None: there is no such version (any more), or none that this release can read."""
    try:
        return _segments(definitions.version("segments", ONLY, version))
    except (NotFound, DefinitionUnreadable):
        return None


def _segments(stored: Stored) -> Segments:
    return derived(stored, Segments, lambda: Segments(parsed(stored, SegmentSet), stored.version))


def members_now(
    lead_id: str, segments: Segments, scored: Scored, stored: StoredFacts, now: datetime
) -> Mapping[str, int]:
    """Segment → minute entered, from the whole log of the lead. Nothing is written.

    Raises: `Invalid` for a log that cannot be read.
    """
    return _Lead(lead_id, segments, scored, int(now.timestamp()) // 60).decide(stored, Occasion(), ()).facts.segments


class MembershipUpdate:
    """Brings facts and membership of one lead up to date, together with its score."""

    def __init__(
        self, lead_id: str, definitions: Definitions, segments: Segments, occasion: Occasion, now: datetime
    ) -> None:
        """`segments`: the live ones."""
        self._lead_id = lead_id
        self._definitions = definitions
        self._segments = segments
        self._occasion = occasion
        self._now = now

    def addition_of(self, rules: Rules, score_state: ScoreState, snapshot: ScoreSnapshot) -> Addition | None:
        """`scoring.rescore.AdditionOf`: None when the item has it all already.

        Raises: `Invalid` for a log that cannot be read.
        """
        segments, was, minute = self._segments, snapshot.facts, int(self._now.timestamp()) // 60
        if was.segments_version > segments.version:  # this process caches older definitions; versions only grow
            segments = _version(self._definitions, was.segments_version) or segments
        lead = _Lead(self._lead_id, segments, LeadScore(rules.engine, score_state), minute)
        decision = lead.decide(was, self._occasion_for(lead, snapshot, rules), self._unchanged(segments, was))
        if _is_same(decision, was):
            return None
        is_complete = len(decision.changes) <= _MOST_CHANGES
        addition = self._addition(decision if is_complete else _first_changes(decision, was), snapshot, minute)
        return replace(addition, is_complete=is_complete)

    def _occasion_for(self, lead: "_Lead", snapshot: ScoreSnapshot, rules: Rules) -> Occasion:
        """What changes under the rules of the stored score, or of a lead that came later than the definitions, is no
        work of a back-fill: the stream or the due entry has not come to it yet.
        """
        published = self._definitions.version("segments", ONLY, lead.segments.version).published
        # A quiet import has written a score before the stream has looked at the lead.
        if snapshot.facts.facts_json is None and lead.profile.created > published:
            return replace(self._occasion, announce=True)
        is_backfill = self._occasion.is_backfill and snapshot.rules_version != rules.version
        return replace(self._occasion, is_backfill=is_backfill)

    def _unchanged(self, segments: Segments, was: StoredFacts) -> frozenset[str]:
        old = _version(self._definitions, was.segments_version) if was.segments_version else None
        return segments.unchanged_since(old) if old is not None else frozenset()

    def _addition(self, decision: Decision, snapshot: ScoreSnapshot, minute: int) -> Addition:
        """The due entry is written at once: a crash before the other writes leaves a harmless extra entry."""
        lead_id, now = self._lead_id, self._now
        if decision.due is not None and decision.due != snapshot.facts.due_minute:
            at = datetime.fromtimestamp(decision.due * 60, UTC)
            due.plan(at, due.DECAY, f"segments-{lead_id}", SegmentReview(lead_id), now)
        after = {change.segment: change.entered for change in decision.changes}  # the last change of a segment counts
        writes = [member_write(lead_id, segment, minute if entered else None) for segment, entered in after.items()]
        for change in decision.announced:
            type_ = ActivityType.SEGMENT_ENTERED if change.entered else ActivityType.SEGMENT_LEFT
            key = activity_key("segment", change.segment, str(snapshot.version))
            activity = Activity(lead_id, type_.value, now, key, {"segment": change.segment})
            writes.append(Put(activity_item(activity)))
        stored = StoredFacts(dumped(decision.facts), decision.segments_version, decision.due)
        return Addition(stored, tuple(writes))


class _Lead:
    """One lead at one minute."""

    def __init__(self, lead_id: str, segments: Segments, scored: Scored, minute: int) -> None:
        self._lead_id = lead_id
        self.segments = segments
        self._minute = minute
        self._sources = Sources(
            cache(lambda: load_profile(lead_id)),
            cache(lambda: find_state(lead_id) or ContactState(lead_id, "")),
            lambda: scored,
        )

    @property
    def profile(self) -> Profile:
        return self._sources.profile()

    def decide(self, snapshot: StoredFacts, occasion: Occasion, unchanged: Collection[str]) -> Decision:
        """`unchanged`: segments that mean the same as when the lead was last looked at; their changes are news."""
        facts, quiet = snapshot.facts, tuple[Change, ...]()
        is_migration = snapshot.segments_version != self.segments.version
        changed: set[str] | None = None
        if is_migration:
            facts, quiet = self._migrated(facts, occasion, unchanged)
            replayed = self._replayed(facts, occasion)
        else:
            changed = self._applied(facts, occasion)
            replayed = self._replayed(facts, occasion) if changed is None else facts
        if snapshot.due_minute is not None and snapshot.due_minute <= self._minute:
            changed = None
        membership = self.segments.decide(self._view(replayed), changed)
        replayed.segments = membership.members
        pending = None if changed is None else snapshot.due_minute
        due = min((minute for minute in (membership.due, pending) if minute is not None), default=None)
        announced = membership.changes
        if occasion.is_backfill and not occasion.announce:
            quiet, announced = (*quiet, *announced), ()
        return Decision(replayed, quiet, announced, due, self.segments.version)

    def _migrated(
        self, facts: LeadFacts, occasion: Occasion, unchanged: Collection[str]
    ) -> tuple[LeadFacts, tuple[Change, ...]]:
        """The facts under the new definitions as of just before the occasion; a lead that is new has none."""
        new = {activity.position for activity in occasion.activities}
        log = [activity for activity in self._log if activity.position not in new]
        if occasion.announce or not log:
            return facts, ()
        before = self.segments.fold.replay(log)
        before.segments = facts.segments
        membership = self.segments.decide(self._view(before), None)
        quiet = tuple(change for change in membership.changes if change.segment not in unchanged)
        before.segments = _after(facts.segments, quiet, membership.members)
        return before, quiet

    def _applied(self, facts: LeadFacts, occasion: Occasion) -> set[str] | None:
        """Apply the new activities in place. Returns what may have changed; None: the log has to be replayed."""
        fold = self.segments.fold
        if occasion.has_copies or not (occasion.activities or occasion.profile_changed):
            return None
        changed = {PROFILE, SCORE, CONTACT} if occasion.profile_changed else set[str]()
        try:
            for activity in sorted(filter(fold.matters, occasion.activities), key=lambda one: one.position):
                changed |= fold.add(facts, activity)
        except Late:
            return None
        return changed.union(*map(may_change, occasion.activities))

    def _replayed(self, facts: LeadFacts, occasion: Occasion) -> LeadFacts:
        replayed = self.segments.fold.replay([*self._log, *occasion.activities])
        replayed.segments = facts.segments
        return replayed

    @cached_property
    def _log(self) -> list[Activity]:
        return activities_of(self._lead_id)

    def _view(self, facts: LeadFacts) -> LeadView:
        definitions = self.segments.definitions
        return LeadView(
            self._lead_id, facts, facts.segments, self._minute, self._sources, definitions.time_zone,
            definitions.calendar,
        )  # fmt: skip


def _first_changes(decision: Decision, snapshot: StoredFacts) -> Decision:
    """As many changes as one transaction can have. Everything else stays as it was: the rest is decided anew."""
    quiet = decision.quiet[:_MOST_CHANGES]
    announced = decision.announced[: _MOST_CHANGES - len(quiet)]
    facts = snapshot.facts
    facts.segments = _after(facts.segments, (*quiet, *announced), decision.facts.segments)
    return Decision(facts, quiet, announced, snapshot.due_minute, snapshot.segments_version)


def _after(segments: Mapping[str, int], changes: Iterable[Change], since: Mapping[str, int]) -> dict[str, int]:
    """The membership after these changes. `since`: minute entered, of those in which the lead is in the end."""
    after = dict(segments)
    for change in changes:
        if change.entered:
            after[change.segment] = since.get(change.segment, 0)
        else:
            after.pop(change.segment, None)
    return after


def _is_same(decision: Decision, snapshot: StoredFacts) -> bool:
    return (
        snapshot.facts_json is not None
        and not decision.changes
        and decision.segments_version == snapshot.segments_version
        and decision.facts == snapshot.facts
        and decision.due == snapshot.due_minute
    )
