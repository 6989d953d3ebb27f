"""After activities, time or new definitions: the score of a lead and what follows from it, in one write."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.errors import NotFound, Transient
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import Rescored, Rescorer, Rules, live_rules, reevaluate
from sodate.scoring.store import ScoreSnapshot, load_recent_snapshots, load_snapshot
from sodate.segments.follow import Follower, Occasion, live_segments
from sodate.segments.membership import Segments

#: Writes of one lead: each has up to 45 changes of membership.
_MOST_WRITES = 12


@dataclass(frozen=True)
class Live:
    """The definitions that are live. None: the playbook has none. Segments need rules (`check` says so)."""

    rules: Rules | None
    segments: Segments | None

    @classmethod
    def of(cls, definitions: Definitions) -> "Live":
        try:
            return cls(live_rules(definitions), live_segments(definitions))
        except NotFound:
            return cls(None, None)


def prefetch(live: Live, lead_ids: Iterable[str]) -> dict[str, ScoreSnapshot]:
    """Recent reads of many leads; a stale one fails its version condition and is read again."""
    return load_recent_snapshots(lead_ids) if live.rules is not None else {}


def refresh(
    lead_id: str, live: Live, occasion: Occasion, now: datetime, prefetched: ScoreSnapshot | None = None
) -> str:
    """Returns `hot`, `changed` or `unchanged`.

    Raises: `Transient`; `Invalid` for a log that cannot be read.
    """
    if live.rules is None:
        return "unchanged"
    rules, became_hot, changed = live.rules, False, False
    for _ in range(_MOST_WRITES):
        follower = _follower(lead_id, live, occasion, now)
        new = None if occasion.profile_changed or occasion.is_refill else occasion.activities
        rescorer = Rescorer(rules, now, notify=not occasion.is_refill, follow=follower)
        rescored = rescorer.rescore(lead_id, new, prefetched)
        became_hot = became_hot or rescored.became_hot
        changed = changed or rescored.changed or (follower is not None and bool(follower.changes))
        if follower is None or follower.is_finished:
            return "hot" if became_hot else "changed" if changed else "unchanged"
        prefetched = None
    raise Transient(f"lead {lead_id} has more changes of segments than one pass writes: try again")


def after_decay(lead_id: str, live: Live, now: datetime) -> Rescored | None:
    """The due entry of a score: rank or phase may have changed by time alone, and with them a segment."""
    if live.rules is None:
        return None
    return reevaluate(lead_id, live.rules, now, _follower(lead_id, live, Occasion(), now))


def after_time(lead_id: str, live: Live, now: datetime) -> None:
    """The due entry of a lead's segments. An entry that was replaced does nothing."""
    snapshot = load_snapshot(lead_id)
    due = snapshot.facts.due_minute
    if due is not None and due * 60 <= now.timestamp():
        refresh(lead_id, live, Occasion(), now, snapshot)


def refill(lead_id: str, live: Live, now: datetime, *, announce: bool) -> bool:
    """A back-fill, after definitions changed. Returns whether the lead entered or left a segment."""
    if live.segments is None:
        return False
    return refresh(lead_id, live, Occasion(is_refill=True, announce=announce), now) != "unchanged"


def _follower(lead_id: str, live: Live, occasion: Occasion, now: datetime) -> Follower | None:
    if live.segments is None or live.rules is None:
        return None
    return Follower(lead_id, live.segments, live.rules.engine, occasion, now)
