"""MEMBERS items: the members of a segment, listed page by page. The latest back-fill of all segments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.dynamodb.table import Delete, Put, Write

#: Partitions of a segment's list. One partition accepts 1,000 writes per second, which a back-fill needs.
SHARDS = 4
_LATEST = "LATEST"


class MemberItem(TableItem, discriminator="member"):
    since = NumberAttribute()


class BackfillItem(TableItem, discriminator="backfill"):
    segments_version = NumberAttribute()
    job = UnicodeAttribute(null=True)
    at = UnicodeAttribute()


@dataclass(frozen=True)
class Backfill:
    """`job`: id of its replay; None: the stage had no lead yet."""

    segments_version: int
    job: str | None


@dataclass(frozen=True)
class Member:
    """`since`: minute since 1970."""

    lead_id: str
    since: int


def member_write(lead_id: str, segment: str, since: int | None) -> Write:
    """`since`: minute entered; None: the lead left."""
    item = MemberItem(keys.members(segment, crc32(lead_id.encode()) % SHARDS), lead_id, since=since or 0)
    return Delete(item) if since is None else Put(item)


def members(segment: str, after: str | None = None, limit: int = 100) -> tuple[list[Member], str | None]:
    """Up to `limit` members after the cursor, and the cursor of the next page (None: no more pages).

    Eventually consistent.
    """
    shard, _, last = (after or "0:").partition(":")
    number, start, result = int(shard), last or None, list[Member]()
    while number < SHARDS:
        rows, end = table.page(keys.members(segment, number), start, limit - len(result))
        result += [Member(item["sk"], item["since"]) for item in (values(MemberItem, row) for row in rows)]
        number, start = (number, end) if end else (number + 1, None)
        if len(result) == limit and number < SHARDS:
            return result, f"{number}:{start or ''}"
    return result, None


def every_member(segment: str) -> Iterator[Member]:
    """Reads the whole list, page by page: about 50 KB per 1,000 members."""
    after: str | None = None
    while True:
        page, after = members(segment, after, limit=500)
        yield from page
        if after is None:
            return


def note_backfill(backfill: Backfill, now: datetime) -> None:
    version, job = backfill.segments_version, backfill.job
    table.put(BackfillItem(keys.backfill(), _LATEST, segments_version=version, job=job, at=keys.stamp(now)))


def latest_backfill() -> Backfill | None:
    item = table.find(BackfillItem, keys.backfill(), _LATEST)
    return Backfill(int(item.segments_version), item.job) if item else None
