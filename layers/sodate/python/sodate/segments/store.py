"""FACTS items: facts and membership of one lead; MEMBERS items: the members of a segment, listed page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, TableItem, values
from sodate.dynamodb.table import Delete, Put, Write
from sodate.facts.lead_facts import LeadFacts, dumped, loaded

#: Partitions of a segment's list. One partition accepts 1,000 writes per second, which a back-fill needs.
SHARDS = 4


class FactsItem(TableItem, discriminator="facts"):
    """`segments_version`: of the definitions that it was decided under. `due_minute`: of the pending due entry."""

    facts_json = UnicodeAttribute()
    segments_version = NumberAttribute()
    due_minute = NumberAttribute(null=True)
    version = NumberAttribute()


class MemberItem(TableItem, discriminator="member"):
    since = NumberAttribute()


@dataclass(frozen=True)
class FactsSnapshot:
    """A FACTS item as it was read. `version` 0: there is none yet."""

    version: int = 0
    facts_json: str = "{}"
    segments_version: int = 0
    due_minute: int | None = None

    @property
    def facts(self) -> LeadFacts:
        return loaded(self.facts_json)


@dataclass(frozen=True)
class Member:
    """`since`: minute since 1970."""

    lead_id: str
    since: int


def load_facts(lead_id: str) -> FactsSnapshot:
    return snapshot_of(table.get(keys.lead(lead_id), keys.FACTS, consistent=True))


def load_recent_facts(lead_ids: Iterable[str]) -> dict[str, FactsSnapshot]:
    """Many items in one eventually consistent read. A write based on a stale one fails its version condition."""
    wanted = list(lead_ids)
    items = table.get_many((keys.lead(lead_id), keys.FACTS) for lead_id in wanted)
    return {lead_id: snapshot_of(items.get((keys.lead(lead_id), keys.FACTS))) for lead_id in wanted}


def snapshot_of(row: Row | None) -> FactsSnapshot:
    """The FACTS item of a row; None: the lead has none."""
    if row is None:
        return FactsSnapshot()
    stored = values(FactsItem, row)
    return FactsSnapshot(stored["version"], stored["facts_json"], stored["segments_version"], stored.get("due_minute"))


def facts_write(lead_id: str, facts: LeadFacts, was: FactsSnapshot, segments_version: int, due: int | None) -> Put:
    """Fails after a concurrent write."""
    item = FactsItem(
        keys.lead(lead_id),
        keys.FACTS,
        facts_json=dumped(facts),
        segments_version=segments_version,
        due_minute=due,
        version=was.version + 1,
    )
    return Put(item, FactsItem.version == was.version if was.version else FactsItem.pk.does_not_exist())


def member_write(lead_id: str, segment: str, since: int | None) -> Write:
    """`since`: minute entered; None: the lead left."""
    item = MemberItem(keys.members(segment, crc32(lead_id.encode()) % SHARDS), lead_id, since=since or 0)
    return Delete(item) if since is None else Put(item)


def members(segment: str, after: str | None = None, limit: int = 100) -> tuple[list[Member], str | None]:
    """Up to `limit` members after the cursor, and the cursor of the next page (None: no more pages).

    Eventually consistent.
    """
    shard, _, last = (after or "0:").partition(":")
    number, start = int(shard), last or None
    while number < SHARDS:
        rows, end = table.page(keys.members(segment, number), start, limit)
        found = [values(MemberItem, row) for row in rows]
        following = f"{number}:{end}" if end else f"{number + 1}:" if number + 1 < SHARDS else None
        if found or following is None:
            return [Member(item["sk"], item["since"]) for item in found], following
        number, start = (number, end) if end else (number + 1, None)
    return [], None
