"""After activities or time: the score of a lead first, then its facts and segments, which may ask for the score.

A crash in between is repaired by the redelivery: each of the two items has its own position in the log.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sodate.errors import NotFound
from sodate.facts.evaluation import Scored
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import Rescored, Rules, live_rules, reevaluate, rescore
from sodate.scoring.scored import LeadScore, NoScore
from sodate.scoring.store import ScoreSnapshot, find_score, load_recent_snapshots
from sodate.segments.membership import SCORE, Change, Segments
from sodate.segments.store import FactsSnapshot, load_recent_facts
from sodate.segments.update import Occasion, live_segments, review, update_segments


@dataclass(frozen=True)
class Live:
    """The definitions that are live. None: the playbook has none."""

    rules: Rules | None
    segments: Segments | None

    @classmethod
    def of(cls, definitions: Definitions) -> "Live":
        try:
            rules = live_rules(definitions)
        except NotFound:
            rules = None
        return cls(rules, live_segments(definitions))


@dataclass(frozen=True)
class Prefetched:
    """Recent reads of many leads; a stale one fails its version condition and is read again."""

    scores: dict[str, ScoreSnapshot] = field(default_factory=dict)
    facts: dict[str, FactsSnapshot] = field(default_factory=dict)


def prefetch(live: Live, lead_ids: Iterable[str]) -> Prefetched:
    wanted = list(lead_ids)
    return Prefetched(
        load_recent_snapshots(wanted) if live.rules is not None else {},
        load_recent_facts(wanted) if live.segments is not None else {},
    )


def refresh(lead_id: str, live: Live, occasion: Occasion, now: datetime, prefetched: Prefetched | None = None) -> str:
    """Returns `hot`, `changed` or `unchanged`.

    Raises: `Transient`; `Invalid` for a log that cannot be read.
    """
    found, rescored = prefetched or Prefetched(), None
    if live.rules is not None:
        new = None if occasion.profile_changed else occasion.activities
        rescored = rescore(lead_id, live.rules, now, new, prefetched=found.scores.get(lead_id))
    changes: tuple[Change, ...] = ()
    if live.segments is not None:
        facts = found.facts.get(lead_id)
        changes = update_segments(lead_id, live.segments, _scored(lead_id, live, rescored), now, occasion, facts)
    if rescored is not None and rescored.became_hot:
        return "hot"
    return "changed" if changes or (rescored is not None and rescored.changed) else "unchanged"


def after_decay(lead_id: str, live: Live, now: datetime) -> None:
    """The due entry of a score: rank or phase may have changed by time alone, and with them a segment."""
    if live.rules is not None:
        rescored = reevaluate(lead_id, live.rules, now)
        # Whatever this delivery changed: an earlier one may have written the score and died.
        if live.segments is not None and live.segments.asks_for(SCORE):
            update_segments(lead_id, live.segments, _scored(lead_id, live, rescored), now, Occasion())


def after_time(lead_id: str, live: Live, now: datetime) -> None:
    """The due entry of a lead's segments."""
    if live.segments is not None:
        review(lead_id, live.segments, _scored(lead_id, live, None), now)


def refill(lead_id: str, live: Live, now: datetime, *, announce: bool) -> bool:
    """A back-fill, after definitions changed. Returns whether the lead entered or left a segment."""
    if live.segments is None:
        return False
    occasion = Occasion(is_refill=True, announce=announce)
    return bool(update_segments(lead_id, live.segments, _scored(lead_id, live, None), now, occasion))


def _scored(lead_id: str, live: Live, rescored: Rescored | None) -> "_ReadScore":
    return _ReadScore(lead_id, live.rules, rescored)


@dataclass(frozen=True)
class _ReadScore:
    """Reads the score when a condition asks for it, unless it was just computed."""

    lead_id: str
    rules: Rules | None
    rescored: Rescored | None

    def __call__(self) -> Scored:
        if self.rules is None:
            return NoScore()
        if self.rescored is not None and self.rescored.score_state is not None:
            return LeadScore(self.rules.engine, self.rescored.score_state)
        item = find_score(self.lead_id)
        return LeadScore(self.rules.engine, item.score_state) if item is not None else NoScore()
