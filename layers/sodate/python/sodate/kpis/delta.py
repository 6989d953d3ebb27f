"""Changes of the counters, as they are kept until a round adds them to the totals. Pure.

A partition holds the changes of one minute and shard. A change has the id of its stream record and always lands in the
same partition, so its reader takes each id once: redelivery, other batch boundaries and crashes change nothing.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sodate.kpis.contribution import Part

#: One partition takes 1,000 write units a second; every invocation writes one unit at least to each that it touches.
SHARDS = 6
_ID, _BODY = 8, 2
#: Bytes of the bodies of one item. One item more must fit into the plan of a round (`kpis.round`).
_LARGEST = 24_000
_MOST_BODIES = 60_000


#: Scopes, hour and hash of somebody who was there.
Visitor = tuple[tuple[str, ...], str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """`record_id`: of the stream record, 8 bytes. `written`: when the item was changed; None: it does not say."""

    record_id: bytes
    lead: str
    written: datetime | None
    parts: tuple[Part, ...]
    visitor: Visitor | None = None

    @property
    def shard(self) -> int:
        return zlib.crc32(self.lead.encode()) % SHARDS


def record_id(event_id: str) -> bytes:
    return sha256(event_id.encode()).digest()[:_ID]


@dataclass(frozen=True, slots=True)
class Packed:
    """Content of one item. `bodies`: compressed JSON of the distinct changes. `records`: ids, with a number of a body.

    Most emails of a minute change the counters alike, so a record costs 14 bytes, and an item of a batch of 100 one
    write unit.
    """

    bodies: str
    records: str
    visitors: str | None = None
    """JSON of scopes, hour and hashes. Taking a visitor twice changes nothing, so they need no ids."""

    @property
    def content_hash(self) -> str:
        """Equal contents have one sort key: a batch that is delivered again as it was adds no item."""
        return sha256(f"{self.bodies}\x1f{self.records}\x1f{self.visitors}".encode()).hexdigest()[:16]


def packed(changes: Iterable[Change]) -> Iterator[Packed]:
    """One delta item, or several when the content is large."""
    changes = list(changes)
    bodies: dict[str, int] = {}
    records, size, visitors = bytearray(), 0, _visitors(changes)
    for change in sorted(changes, key=lambda one: one.record_id):
        body = _dumped(change.parts)
        if body not in bodies:
            if bodies and (size + len(body.encode()) > _LARGEST or len(bodies) >= _MOST_BODIES):
                yield _packed(bodies, bytes(records), visitors)
                bodies, records, size, visitors = {}, bytearray(), 0, None
            bodies[body] = len(bodies)
            size += len(body.encode())
        records += change.record_id + bodies[body].to_bytes(_BODY, "big")
    if records:
        yield _packed(bodies, bytes(records), visitors)


def _visitors(changes: Iterable[Change]) -> str | None:
    seen: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for change in changes:
        if change.visitor is not None:
            scopes, hour, who = change.visitor
            seen.setdefault((scopes, hour), set()).add(who)
    if not seen:
        return None
    return json.dumps([[scopes, hour, sorted(who)] for (scopes, hour), who in sorted(seen.items())], ensure_ascii=False)


def visitors_of(content: Packed) -> list[tuple[list[str], str, list[str]]]:
    """Scopes, hour, hashes."""
    return [(scopes, hour, who) for scopes, hour, who in json.loads(content.visitors or "[]")]


def _packed(bodies: Iterable[str], records: bytes, visitors: str | None) -> Packed:
    text = f"[{','.join(bodies)}]".encode()
    return Packed(b64encode(zlib.compress(text, 6)).decode(), b64encode(records).decode(), visitors)


def _dumped(parts: Sequence[Part]) -> str:
    document = [[list(part.scopes), part.hour, dict(part.counts)] for part in parts]
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def unpacked(one: Packed) -> dict[bytes, tuple[Part, ...]]:
    """What each record changes, by its id."""
    bodies = [
        tuple(Part(tuple(scopes), hour, counts) for scopes, hour, counts in body)
        for body in json.loads(zlib.decompress(b64decode(one.bodies)))
    ]
    return {record: bodies[number] for record, number in _records(one.records)}


def _records(text: str) -> Iterator[tuple[bytes, int]]:
    raw = b64decode(text)
    for start in range(0, len(raw), _ID + _BODY):
        yield raw[start : start + _ID], int.from_bytes(raw[start + _ID : start + _ID + _BODY], "big")


#: Scope → hour → metric → how much is added.
Additions = dict[str, dict[str, dict[str, int]]]


class Sums:
    """Adds up changes, each record once. `size`: bytes of the sums as JSON, or a few more."""

    def __init__(self) -> None:
        self.additions: Additions = {}
        self.size = 0

    def take(self, content: Packed, known: set[bytes]) -> None:
        """Add what `content` brings beyond the records in `known`, and note its records there."""
        for record, parts in unpacked(content).items():
            if record not in known:
                known.add(record)
                for part in parts:
                    self.add(part)

    def add(self, part: Part) -> None:
        for scope in part.scopes:
            hours = self.additions.get(scope)
            if hours is None:
                hours = self.additions[scope] = {}
                self.size += len(scope.encode()) + 8
            counts = hours.get(part.hour)
            if counts is None:
                counts = hours[part.hour] = {}
                self.size += 20
            for name, count in part.counts.items():
                if name not in counts:
                    self.size += len(name) + 14
                counts[name] = counts.get(name, 0) + count

    @property
    def result(self) -> Additions:
        """Without zeros."""
        found: Additions = {}
        for scope, hours in self.additions.items():
            for hour, counts in hours.items():
                changed = {name: count for name, count in counts.items() if count}
                if changed:
                    found.setdefault(scope, {})[hour] = changed
        return found


def ids_of(content: Packed) -> set[bytes]:
    return {record for record, _ in _records(content.records)}
