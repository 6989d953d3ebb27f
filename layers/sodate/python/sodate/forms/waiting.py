"""The posts that wait in quarantine for a person who decides."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.dynamodb import keys
from sodate.forms.store import SubmissionItem, quarantined

#: Posts of a month that are read. A flood of robots costs no more than that.
MOST = 1000


@dataclass(frozen=True)
class WaitingPosts:
    """Posts of this UTC month and the one before. `recent`: of the span asked for. `is_more`: there are more."""

    waiting: int
    recent: int
    is_more: bool


def waiting_posts(since: datetime, until: datetime) -> WaitingPosts:
    months = _months(until)
    waiting = [item for items in months for item in items if item.released is None]
    recent = sum(keys.stamp(since) <= item.at < keys.stamp(until) for item in waiting)
    return WaitingPosts(len(waiting), recent, any(len(items) >= MOST for items in months))


def posts_in_quarantine(now: datetime) -> list[SubmissionItem]:
    """Of this UTC month and the one before, released ones included, oldest first; of a flood, some."""
    return [item for items in _months(now) for item in items]


def _months(now: datetime) -> list[list[SubmissionItem]]:
    before = now.replace(day=1) - timedelta(days=1)
    return [quarantined(month, MOST) for month in (before, now)]
