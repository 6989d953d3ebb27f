"""IMPORT# items: files, mappings and progress. The mapping is kept because it holds the wording of consents."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import base, keys
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.errors import Conflict
from sodate.imports.report import zero_counts


@dataclass(frozen=True)
class Progress:
    """`offset` (bytes) and `line` are the start of the next record. `counts` has the keys of `report.COUNTED`.

    `errors_size`: bytes of the error list that belong to this progress; the rest is truncated on resume.
    """

    import_id: str
    encoding: str
    offset: int = 0
    line: int = 1
    counts: dict[str, int] = field(default_factory=zero_counts)
    finished: bool = False
    errors_size: int = 0


class ImportItem(TableItem, discriminator="import"):
    encoding = UnicodeAttribute()
    offset = NumberAttribute()
    line = NumberAttribute()
    counts: MapAttribute[str, Any] = MapAttribute()
    finished = BooleanAttribute()
    errors_size = NumberAttribute()
    mapping = UnicodeAttribute()
    started = UnicodeAttribute()
    at = UnicodeAttribute()


def find_progress(import_id: str) -> Progress | None:
    item = base.find(ImportItem, keys.imported(import_id), keys.PROGRESS)
    if item is None:
        return None
    counts = {name: int(count) for name, count in item.counts.as_dict().items()}
    return Progress(
        import_id, item.encoding, int(item.offset), int(item.line), counts, bool(item.finished), int(item.errors_size)
    )


def begin(progress: Progress, mapping: str, now: datetime) -> Progress:
    """Store the progress of a new import; returns the stored one when the import began before."""
    item = ImportItem(
        keys.imported(progress.import_id),
        keys.PROGRESS,
        encoding=progress.encoding,
        offset=progress.offset,
        line=progress.line,
        counts=progress.counts,
        finished=progress.finished,
        errors_size=progress.errors_size,
        mapping=mapping,
        started=keys.stamp(now),
        at=keys.stamp(now),
    )
    try:
        base.put_new(item)
    except ConditionFailed:
        return find_progress(progress.import_id) or progress
    return progress


def advance(before: Progress, after: Progress, now: datetime) -> None:
    """Store the progress after a chunk.

    Raises: `Conflict` when another run of the same import is ahead; that run continues and this one stops.
    """
    item = ImportItem(keys.imported(after.import_id), keys.PROGRESS)
    actions = [
        ImportItem.offset.set(after.offset),
        ImportItem.line.set(after.line),
        ImportItem.counts.set(after.counts),
        ImportItem.finished.set(after.finished),
        ImportItem.errors_size.set(after.errors_size),
        ImportItem.at.set(keys.stamp(now)),
    ]
    try:
        base.update(item, actions, (ImportItem.offset == before.offset) & (ImportItem.finished == before.finished))
    except ConditionFailed as error:
        raise Conflict("another run of this import is ahead; it goes on") from error
