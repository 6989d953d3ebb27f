"""Rescoring one lead: apply new activities to the stored score and write the result under a version condition.

An activity newer than all applied ones is applied incrementally. Anything else (a repeat, a late event, a changed
profile, new rules, a correction) replays the whole log. A replay is authoritative and repeatable (docs/scoring.md).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of
from sodate.dynamodb import table
from sodate.dynamodb.item import Row
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import NotFound, Transient
from sodate.facts.lead_facts import StoredFacts
from sodate.leads.store import load_profile
from sodate.messages import Message
from sodate.playbook.store import ONLY, Definitions, Stored, parsed
from sodate.scheduling import store as due
from sodate.scoring.engine import Late, ScoringEngine
from sodate.scoring.rules import RuleSet
from sodate.scoring.score_state import ScoreState
from sodate.scoring.signal import signal_of
from sodate.scoring.store import (
    Bookkeeping,
    ScoreSnapshot,
    as_write,
    load_snapshot,
    moment,
    put_score,
    score_row,
)

_TRIES = 5


@dataclass(frozen=True)
class Rescored:
    """`changed`: whether the item was written."""

    lead_id: str
    changed: bool
    became_hot: bool = False


@dataclass(frozen=True)
class Addition:
    """What is written together with a score: other facts, and further items in the same transaction.

    `is_complete`: False when one transaction cannot have everything; the lead is then rescored once more.
    """

    facts: StoredFacts
    writes: tuple[Write, ...] = ()
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class ScoreDecay:
    """Due entry of a lead whose class may change by time alone."""

    what: ClassVar[str] = "decay"
    lead_id: str

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "lead": self.lead_id}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "ScoreDecay":
        return cls(str(message["lead"]))


@dataclass(frozen=True)
class Rules:
    version: int
    engine: ScoringEngine

    @property
    def rules(self) -> RuleSet:
        return self.engine.rules


#: (rules in use; score state, changed or not; item as read) → what to write with it; None: nothing.
AdditionOf = Callable[[Rules, ScoreState, ScoreSnapshot], Addition | None]


def live_rules(definitions: Definitions) -> Rules:
    return _rules(definitions.live("rules"))


def rules_of(definitions: Definitions, version: int) -> Rules:
    return _rules(definitions.version("rules", ONLY, version))


def _rules(stored: Stored) -> Rules:
    return Rules(stored.version, prepared(parsed(stored, RuleSet)))


@lru_cache(maxsize=8)
def prepared(rules: RuleSet) -> ScoringEngine:
    return ScoringEngine(rules)


def rescore(
    lead_id: str,
    rules: Rules,
    now: datetime,
    new_activities: Sequence[Activity] | None = None,
    *,
    prefetched: ScoreSnapshot | None = None,
    notify: bool = True,
) -> Rescored:
    """`Rescorer.rescore`, of one lead."""
    return Rescorer(rules, now, notify).rescore(lead_id, new_activities, prefetched)


def reevaluate(lead_id: str, rules: Rules, now: datetime, addition_of: AdditionOf | None = None) -> Rescored:
    """Re-evaluate a lead whose due entry has come: time alone may have changed its class. Ignores postponed entries."""
    snapshot = load_snapshot(lead_id)
    if snapshot.due_minute is None or snapshot.due_minute * 60 > now.timestamp():
        return Rescored(lead_id, changed=False)
    return Rescorer(rules, now, addition_of=addition_of).rescore(lead_id, (), snapshot)


@dataclass(frozen=True)
class Rescorer:
    """`notify`: create a signal for sales when a lead becomes hot under rules that are new to it. Under rules that its
    score was made with before, it always gets one: an activity made it hot, which the stream has not delivered yet.
    """

    rules: Rules
    now: datetime
    notify: bool = True
    addition_of: AdditionOf | None = None

    def rescore(
        self, lead_id: str, new_activities: Sequence[Activity] | None, prefetched: ScoreSnapshot | None = None
    ) -> Rescored:
        """Bring the lead's SCORE item up to date, in one write. A lead that does not exist is left alone.

        `new_activities`: the activities logged since the last write; none: time has passed; None (profile changed, or
        unknown) replays the log. `prefetched`: a recent read of the item; if the item changed since, the conditional
        write fails and the item is read again.

        Raises: `Transient` after five lost conditional writes; `Invalid` for a log that cannot be read.
        """
        rules, conflicts, became_hot, written = self.rules, 0, False, False
        while conflicts < _TRIES:
            snapshot, prefetched = prefetched or load_snapshot(lead_id), None
            if snapshot.rules_version > rules.version:  # this process caches older rules; versions only grow
                rules = rules_of(Definitions(), snapshot.rules_version)
            try:
                changed = _updated(lead_id, snapshot, rules, self.now, new_activities)
                score_state = snapshot.score_state if changed is None else changed
                addition = self.addition_of(rules, score_state, snapshot) if self.addition_of else None
            except NotFound:
                return Rescored(lead_id, changed=False)  # erased while the stream record waited
            if changed is None and addition is None:
                return Rescored(lead_id, written, became_hot)
            rises = score_state.hot and not snapshot.hot
            score = self._row(lead_id, snapshot, score_state, rules, addition, is_new=changed is not None)
            writes = [*self._signals(lead_id, snapshot, score_state, rules)] if rises else []
            try:
                _write(score, snapshot.version, [*writes, *(addition.writes if addition is not None else ())])
            except ConditionFailed:
                conflicts += 1
                continue
            became_hot, written = became_hot or rises, True
            if addition is None or addition.is_complete:
                return Rescored(lead_id, written, became_hot)
        raise Transient(Message("lead {lead_id} has concurrent score writes: try again", lead_id=lead_id))

    def _signals(self, lead_id: str, snapshot: ScoreSnapshot, score_state: ScoreState, rules: Rules) -> Iterator[Write]:
        if self.notify or snapshot.rules_version == rules.version:
            yield Put.new(signal_of(load_profile(lead_id), score_state, rules.version, rules.engine, self.now))

    def _row(
        self,
        lead_id: str,
        snapshot: ScoreSnapshot,
        score_state: ScoreState,
        rules: Rules,
        addition: Addition | None,
        *,
        is_new: bool,
    ) -> Row:
        due_minute = snapshot.due_minute
        if is_new:
            due_minute = plan_transition(lead_id, snapshot, score_state, rules, self.now)
        facts = addition.facts if addition is not None else snapshot.facts
        beside = Bookkeeping(snapshot.version + 1, rules.version, due_minute, facts, snapshot.merged_into)
        return score_row(lead_id, score_state, rules.engine, beside)


def _updated(
    lead_id: str, snapshot: ScoreSnapshot, rules: Rules, now: datetime, new_activities: Sequence[Activity] | None
) -> ScoreState | None:
    """The updated score state, by increment where that is possible, else by replay; None: there is nothing to write."""
    if not snapshot.version or new_activities is None or snapshot.rules_version != rules.version:
        return _replayed(lead_id, snapshot, rules, now)
    score_state, relevant = snapshot.score_state, [one for one in new_activities if rules.engine.matters(one)]
    if not new_activities:
        rules.engine.settle(score_state, int(now.timestamp()) // 60)
        return score_state
    try:
        for activity in sorted(relevant, key=lambda one: one.position):
            rules.engine.add(score_state, activity)
    except Late:
        return _replayed(lead_id, snapshot, rules, now, new_activities)
    return score_state if relevant else None


def _replayed(
    lead_id: str, snapshot: ScoreSnapshot, rules: Rules, now: datetime, new_activities: Iterable[Activity] | None = None
) -> ScoreState | None:
    """The replayed score state; None when it equals the stored one."""
    score_state = replayed(lead_id, rules, now, new_activities)
    if not snapshot.version or snapshot.rules_version != rules.version:
        return score_state
    before = snapshot.score_state
    rules.engine.settle(before, score_state.now)
    return None if score_state == before else score_state


def replayed(lead_id: str, rules: Rules, now: datetime, new_activities: Iterable[Activity] | None = None) -> ScoreState:
    """The score state that the whole log gives under these rules.

    Raises: `NotFound` for a lead that does not exist (any more), `Invalid` for a log that cannot be read.
    """
    profile = load_profile(lead_id)
    return rules.engine.replay(profile, [*activities_of(lead_id), *(new_activities or ())], now)


def _write(score: Row, was: int, writes: Sequence[Write]) -> None:
    """Raises: `ConditionFailed` after a concurrent write."""
    if writes:
        table.commit([as_write(score, was), *writes])
    else:
        put_score(score, was)  # half the price of a transaction


def plan_transition(
    lead_id: str, snapshot: ScoreSnapshot, score_state: ScoreState, rules: Rules, now: datetime
) -> int | None:
    """Write the due entry for the next transition, before the score: a crash in between leaves a harmless extra entry.

    An existing entry stays when the transition only moves later: `reevaluate` then plans the next one. Returns the
    minute of the pending entry.
    """
    minute = int(now.timestamp()) // 60
    planned_at = snapshot.due_minute
    transition = rules.engine.next_transition(score_state)
    if transition is None:
        return planned_at if planned_at is not None and planned_at > minute else None
    if planned_at is not None and minute < planned_at <= transition:
        return planned_at
    due.plan(moment(transition), due.DECAY, lead_id, ScoreDecay(lead_id), now)
    return transition
