"""The due index: an entry is a base-table item with a TTL in the buckets of the minute at which it is due.

An entry contains its message. It is never deleted or moved: the claim rejects a stale or repeated entry. A cursor per
lane stores which minutes were read, so after an outage no minute is missed (docs/decisions/0006).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zlib import crc32

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.errors import NotFound
from sodate.scheduling.message import Message, RawMessage

#: A new entry is due at least this far ahead, so that its bucket is not being read yet and an eventually consistent
#: read (half the price) sees it.
LEAD_TIME = timedelta(minutes=2)
KEPT = timedelta(days=14)
#: An entry that fails is tried again this many times, an hour apart.
_TRIES, _RETRY_AFTER = 24, timedelta(hours=1)
#: Maximum number of entries per read.
PAGE = 250
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Lane:
    """A group of buckets with its own cursor. One shard accepts 1,000 writes per second."""

    name: str
    shards: int


#: The dispatcher serves these lanes in this order.
TRANSACTIONAL, STEP, BROADCAST = Lane("transactional", 1), Lane("step", 4), Lane("broadcast", 4)
SENDING = (TRANSACTIONAL, STEP, BROADCAST)
#: Entries of the sweeper.
WATCH = Lane("watch", 1)
#: Leads whose rank or phase changes by time alone, and reviews of consent evidence.
DECAY = Lane("decay", 2)
#: Digests, escalations, ends and returns of signals handed to sales.
SALES = Lane("sales", 1)
#: Posts of webhook steps, apart from what sales waits for.
WEBHOOK = Lane("webhook", 1)
#: Changes that the counters have not added yet.
KPI = Lane("kpi", 1)
LANES = (*SENDING, WATCH, DECAY, SALES, WEBHOOK, KPI)


class DueItem(TableItem, discriminator="due"):
    message = JSONAttribute()


class CursorItem(TableItem, discriminator="cursor"):
    """`minute`: read completely. `partly`: of the minute after it, the last entry handed over per shard."""

    minute = UnicodeAttribute()
    partly = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Position:
    minute: datetime
    partly: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    sk: str
    message: dict[str, Any]


def due_item(at: datetime, lane: Lane, ref: str, message: Message, now: datetime) -> DueItem:
    """The entry's item. `at` is rounded up to a whole minute: an entry may be a minute late, never early.

    `ref`: entries of one minute with equal `what` and `ref` are one entry.
    """
    bucket = due_minute(at, now)
    return DueItem(
        keys.due_bucket(bucket, lane.name, crc32(ref.encode()) % lane.shards),
        keys.due_entry(message.what, ref),
        message=message.to_message(),
        ttl=int((bucket + KEPT).timestamp()),
    )


def due_minute(at: datetime, now: datetime) -> datetime:
    bucket = max(at, now + LEAD_TIME)
    if bucket.second or bucket.microsecond:
        bucket = bucket.replace(second=0, microsecond=0) + MINUTE
    return bucket


def plan(at: datetime, lane: Lane, ref: str, message: Message, now: datetime) -> None:
    table.put(due_item(at, lane, ref, message, now))


def plan_retry(message: Mapping[str, Any], lane: Lane, now: datetime) -> None:
    """Plan a failed entry (a defect, or a definition that this release cannot read) again, hourly for a day."""
    failures = int(message.get("failures", 0)) + 1
    if failures <= _TRIES:
        ref = sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:32]
        plan(now + _RETRY_AFTER, lane, ref, RawMessage({**message, "failures": failures}), now)


def page(minute: datetime, lane: Lane, shard: int, after: str | None, limit: int) -> tuple[list[Entry], str | None]:
    """Entries in the order of their keys, and the key after which the next page begins (None: no more pages)."""
    rows, last = table.page(keys.due_bucket(minute, lane.name, shard), after, limit)
    stored = [values(DueItem, row) for row in rows]
    return [Entry(item["sk"], item["message"]) for item in stored], last


def position(lane: Lane) -> Position | None:
    item = table.find(CursorItem, keys.cursor(lane.name), keys.POSITION)
    if item is None:
        return None
    partly = {int(shard): last for shard, last in json.loads(item.partly or "{}").items()}
    return Position(keys.minute_start(item.minute), partly)


def keep_position(lane: Lane, position: Position) -> None:
    partly = json.dumps({str(shard): last for shard, last in position.partly.items()}) if position.partly else None
    table.put(CursorItem(keys.cursor(lane.name), keys.POSITION, minute=keys.minute(position.minute), partly=partly))


def read_until(lane: Lane) -> datetime | None:
    stored = position(lane)
    return stored.minute if stored else None


def move_cursor(lane: Lane, minute: datetime) -> None:
    keep_position(lane, Position(minute))


def next_due_minute(after: datetime) -> datetime | None:
    """The next minute that has entries. It scans, so it is only for time travel on the local stage.

    Raises: `NotFound` on any other stage.
    """
    return next_unread(_all_buckets(), after)


def skip_idle(until: datetime) -> None:
    """Move every cursor to `until`, or to the last minute before an unread entry. Local stage only, as above."""
    skip_idle_of(_all_buckets(), until)


def _all_buckets() -> list[str]:
    if table.name() != "sodate-local":
        raise NotFound("the due index can only be searched on the local stage")
    return [item.pk for item in table.scan(DueItem, consistent=True)]


def next_unread(buckets: Iterable[str], after: datetime) -> datetime | None:
    """The next minute with unread entries; the minute after `after` when a full tick left entries behind."""
    unread = [minute for lane in LANES for minute in _unread(buckets, lane)]
    return min((max(minute, after + MINUTE) for minute in unread), default=None)


def skip_idle_of(buckets: Iterable[str], until: datetime) -> None:
    for lane in LANES:
        end = min([until + MINUTE, *_unread(buckets, lane)]) - MINUTE
        reached = read_until(lane)
        if reached is None or reached < end:
            move_cursor(lane, end)


def _unread(buckets: Iterable[str], lane: Lane) -> list[datetime]:
    minutes = [keys.minute_start(keys.due_minute_of(pk)) for pk in set(buckets) if keys.due_lane_of(pk) == lane.name]
    reached = read_until(lane)
    return [minute for minute in minutes if reached is None or minute > reached]
