"""A bulk load makes a lead hot and sales is not told: its score is written together with what the load writes.

The stored score is hot then, so neither the stream nor the next activity sees a crossing (hysteresis). Sales is told of
the next one: when the lead is hot again after it fell below `cool_below`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of
from sodate.dynamodb.table import Write
from sodate.leads.lead import Profile
from sodate.scoring.rescore import Rules, plan_transition
from sodate.scoring.score_state import ScoreState
from sodate.scoring.store import Bookkeeping, ScoreSnapshot, as_write, find_score, load_snapshot, score_row
from sodate.signals.store import signals_of


@dataclass(frozen=True)
class QuietCrossing:
    """A lead that is not hot and becomes hot by the load. `total`: its points then."""

    lead_id: str
    total: int
    score_state: ScoreState
    snapshot: ScoreSnapshot
    rules: Rules

    def write(self, now: datetime) -> Write:
        """The score; it fails when the score changes meanwhile. The due entry of its decay is written at once."""
        due_minute = plan_transition(self.lead_id, self.snapshot, self.score_state, self.rules, now)
        was = self.snapshot
        beside = Bookkeeping(was.version + 1, self.rules.version, due_minute, was.facts, was.merged_into)
        return as_write(score_row(self.lead_id, self.score_state, self.rules.engine, beside), was.version)


def quiet_crossing(
    before: Profile | None, profile: Profile, new_activities: Iterable[Activity], rules: Rules, now: datetime
) -> QuietCrossing | None:
    """What the load does to the score of a lead; None when it does not become hot, or is hot without the load.

    `before` and `profile`: before and after the load; None for a lead that the load creates.

    Raises: `Invalid` for a log that cannot be read.
    """
    lead_id = profile.lead_id
    snapshot, log = (ScoreSnapshot(), []) if before is None else (load_snapshot(lead_id), activities_of(lead_id))
    if snapshot.hot or (before is not None and rules.engine.replay(before, log, now).hot):
        return None  # the second: the stream is behind, and will tell sales of what the lead did itself
    score_state = rules.engine.replay(profile, [*log, *new_activities], now)
    if not score_state.hot:
        return None
    total = rules.engine.view(score_state, score_state.now).total
    return QuietCrossing(lead_id, total, score_state, snapshot, rules)


def points_without_signal(lead_id: str) -> int | None:
    """Stored points of a hot lead of which sales was never told; None for any other."""
    score = find_score(lead_id)
    return int(score.total) if score is not None and score.hot and not signals_of(lead_id) else None
