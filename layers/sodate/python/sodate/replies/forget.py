"""Deletes what is kept of a lead's replies outside of its partition, for its erasure. Idempotent."""

from datetime import datetime

from sodate.replies.bucket import ReplyBucket
from sodate.replies.store import LISTED_FOR, listed, replies_of, take_off


def forget_replies(lead_id: str, bucket: ReplyBucket | None, now: datetime) -> int:
    """Raw emails first, then the entries of the list; the number of entries. `bucket`: None on a stage without one.

    An email on the list of which nobody said whose it is stays until the end of the bucket's lifecycle.

    Raises: `Transient`.
    """
    entries = [item for month in _months(now - LISTED_FOR, now) for item in listed(month) if item.lead_id == lead_id]
    if bucket is not None:
        for key in {*(reply.object for reply in replies_of(lead_id)), *(entry.object for entry in entries)}:
            bucket.delete(key)
    for item in entries:
        take_off(item)
    return len(entries)


def _months(begin: datetime, end: datetime) -> list[datetime]:
    """A moment of each month from `begin` to `end`."""
    found = [begin.replace(day=1)]
    while (following := _next_month(found[-1])) <= end:
        found.append(following)
    return found


def _next_month(moment: datetime) -> datetime:
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return moment.replace(year=year, month=month)
