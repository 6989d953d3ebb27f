"""After activities, time or new definitions: the score of a lead and what follows from it, in one write."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.errors import NotFound
from sodate.playbook.store import Definitions
from sodate.scoring.rescore import AdditionOf, Rescored, Rescorer, Rules, live_rules, reevaluate
from sodate.scoring.store import ScoreSnapshot, load_recent_snapshots, load_snapshot
from sodate.segments.membership import Segments
from sodate.segments.membership_update import MembershipUpdate, Occasion, live_segments


@dataclass(frozen=True)
class Live:
    """The definitions that are live. None: the playbook has none. Segments need rules (`check` says so)."""

    rules: Rules | None
    segments: Segments | None
    definitions: Definitions

    @classmethod
    def of(cls, definitions: Definitions) -> "Live":
        try:
            return cls(live_rules(definitions), live_segments(definitions), definitions)
        except NotFound:
            return cls(None, None, definitions)


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
    new = None if occasion.profile_changed or occasion.has_copies else occasion.activities
    rescorer = Rescorer(live.rules, now, addition_of=addition_of(lead_id, live, occasion, now))
    rescored = rescorer.rescore(lead_id, new, prefetched)
    return "hot" if rescored.became_hot else "changed" if rescored.changed else "unchanged"


def after_decay(lead_id: str, live: Live, now: datetime) -> Rescored | None:
    """The due entry of a score: rank or phase may have changed by time alone, and with them a segment."""
    if live.rules is None:
        return None
    return reevaluate(lead_id, live.rules, now, addition_of(lead_id, live, Occasion(), now))


def after_time(lead_id: str, live: Live, now: datetime) -> None:
    """The due entry of a lead's segments. An entry that was replaced does nothing."""
    snapshot = load_snapshot(lead_id)
    due = snapshot.facts.due_minute
    if due is not None and due * 60 <= now.timestamp():
        refresh(lead_id, live, Occasion(), now, snapshot)


def addition_of(lead_id: str, live: Live, occasion: Occasion, now: datetime) -> AdditionOf | None:
    """What is written with the lead's score; None: the playbook has no segments."""
    if live.segments is None:
        return None
    return MembershipUpdate(lead_id, live.definitions, live.segments, occasion, now).addition_of
