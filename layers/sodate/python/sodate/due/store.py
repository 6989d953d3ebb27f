"""The due index: whatever waits for its minute lies in that minute's bucket, as a base-table item with a TTL.

An entry carries the send-queue message it becomes. It is never deleted or moved: a stale or repeated entry dies at
the claim. The cursor says which minutes were read, so an outage is caught up without missing one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from sodate.errors import NotFound
from sodate.table import base, keys
from sodate.table.base import TableItem

#: A new entry lies at least this far ahead, so that it cannot fall into a bucket that is being read right now.
LEAD_TIME = timedelta(minutes=2)
KEPT = timedelta(days=14)
#: How many entries of one minute are handed over before the cursor notes it.
PART = 1000
_MINUTE = timedelta(minutes=1)

#: Send-queue messages and what the sweeper looks at lie in buckets of their own, each with its own cursor.
SEND = 0
WATCH = 1
LANES = (SEND, WATCH)


class DueItem(TableItem, discriminator="due"):
    message = JSONAttribute()


class CursorItem(TableItem, discriminator="cursor"):
    """`minute` is read to its end; `partly` is the minute after it and its last entry handed over, if in the middle."""

    minute = UnicodeAttribute()
    partly = UnicodeAttribute(null=True)


def due_item(at: datetime, lane: int, what: str, ref: str, message: dict[str, Any], now: datetime) -> DueItem:
    """`at` is rounded up to a whole minute: early is never right, a minute late is."""
    bucket = max(at, now + LEAD_TIME)
    if bucket.second or bucket.microsecond:
        bucket = bucket.replace(second=0, microsecond=0) + _MINUTE
    return DueItem(
        keys.due_bucket(bucket, lane),
        keys.due_entry(what, ref),
        message=message,
        ttl=int((bucket + KEPT).timestamp()),
    )


def plan(at: datetime, lane: int, what: str, ref: str, message: dict[str, Any], now: datetime) -> None:
    base.put(due_item(at, lane, what, ref, message, now))


def unread_minutes(lane: int, now: datetime) -> Iterator[datetime]:
    """Every minute after the cursor up to now, oldest first. Without a cursor: the current minute only."""
    current = keys.minute_start(keys.minute(now))
    minute = (read_until(lane) or current - _MINUTE) + _MINUTE
    while minute <= current:
        yield minute
        minute += _MINUTE


def entries(minute: datetime, lane: int) -> list[DueItem]:
    """In the order of their keys, without those that a tick handed over before its time was up."""
    found = base.query(DueItem, keys.due_bucket(minute, lane))
    if len(found) <= PART:
        return found
    cursor = base.find(CursorItem, keys.cursor(lane), keys.POSITION)
    begun, _, last = (cursor.partly or "").partition(" ") if cursor else ("", "", "")
    return [entry for entry in found if entry.sk > last] if begun == keys.minute(minute) else found


def read_until(lane: int) -> datetime | None:
    item = base.find(CursorItem, keys.cursor(lane), keys.POSITION)
    return keys.minute_start(item.minute) if item else None


def move_cursor(lane: int, minute: datetime) -> None:
    base.put(CursorItem(keys.cursor(lane), keys.POSITION, minute=keys.minute(minute)))


def move_cursor_into(lane: int, minute: datetime, last: DueItem) -> None:
    """So many are due in one minute that a tick may not reach the last: the next one goes on behind this entry."""
    before, partly = keys.minute(minute - _MINUTE), f"{keys.minute(minute)} {last.sk}"
    base.put(CursorItem(keys.cursor(lane), keys.POSITION, minute=before, partly=partly))


def next_due_minute(after: datetime) -> datetime | None:
    """The earliest minute that has an entry. It scans, so it is for the local stage's time travel only."""
    if base.TableItem.Meta.table_name != "sodate-local":
        raise NotFound("the due index can only be searched on the local stage")
    minutes = {keys.minute_start(keys.due_minute_of(item.pk)) for item in DueItem.scan(consistent_read=True)}
    return min((minute for minute in minutes if minute > after), default=None)
