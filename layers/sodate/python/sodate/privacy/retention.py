"""When data of a lead ends, by the playbook's `privacy`, and which leads are inactive. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.activities.catalog import ActivityType
from sodate.consent.data_policy import DataPolicy

_BY_LEAD = frozenset(type_.value for type_ in ActivityType if type_.is_engagement)
_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Stored:
    """What the review needs of an item. `at`: when it happened. `ttl`: seconds since 1970; None: it has no end.

    `is_quarantined`: it is a form post in the partition of a month.
    """

    kind: str
    at: datetime
    ttl: int | None = None
    type: str = ""
    is_quarantined: bool = False


def end_of(item: Stored, policy: DataPolicy, now: datetime) -> int | None:
    """The new TTL, when the policy ends the item earlier than it ends now. What is overdue ends at once."""
    days = _days(item, policy)
    if days is None:
        return None
    end = int(max(item.at + timedelta(days=days), now).timestamp())
    return end if item.ttl is None or (now.timestamp() < item.ttl and end < item.ttl) else None


def is_inactive(created: datetime, items: Iterable[Stored], policy: DataPolicy, now: datetime) -> bool:
    """No activity of its own for `inactive_months`; a lead that is new counts as active."""
    if policy.inactive_months is None:
        return False
    latest = max(_own(items), default=created)
    return max(latest, created) < now - policy.inactive_months * _MONTH


def _own(items: Iterable[Stored]) -> Iterator[datetime]:
    return (item.at for item in items if item.kind == "activity" and item.type in _BY_LEAD)


def _days(item: Stored, policy: DataPolicy) -> int | None:
    if item.kind == "submission":
        return policy.quarantine_days if item.is_quarantined else policy.submissions_days
    return policy.activities_days if item.kind == "activity" else None
