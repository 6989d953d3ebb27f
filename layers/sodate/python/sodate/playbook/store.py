"""Definitions in the table: immutable numbered versions, and one pointer to the live version.

Bodies are plain JSON; each package parses its own kind. A release that cannot read the live version, because a newer
release wrote it, uses the newest version that it can read, so that a rollback does not stop sending.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import NotFound, Transient
from sodate.messages import Message
from sodate.playbook.model import read, unreadable

Kind = Literal[
    "form",
    "template",
    "sequence",
    "mailing",
    "rules",
    "sales",
    "segments",
    "broadcast",
    "campaign",
    "attribution",
    "tracking",
    "activities",
    "kpis",
    "reports",
    "overrides",
]
#: Id of the kinds of which a playbook has exactly one.
ONLY = "default"
POINTER_SECONDS = 20.0
#: How many versions back `live` searches for a readable one.
_MOST_STEPS_BACK = 50
#: Each process reports an unreadable definition at most this often, and often enough to raise the alarm.
_REPORTED_EVERY_SECONDS = 60.0


class DefinitionUnreadable(Transient):
    """A newer release wrote the definition. Retried until the newer code or an older playbook is deployed."""


class DefinitionItem(TableItem, discriminator="definition"):
    definition_id = UnicodeAttribute()
    version = NumberAttribute()
    body = UnicodeAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    retired = UnicodeAttribute(null=True)
    written_by = UnicodeAttribute(null=True)
    applied_by = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Stored:
    kind: Kind
    id: str
    version: int
    body: dict[str, Any]
    digest: str
    published: str
    made: dict[type, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was parsed or built from the body, by type: a version never changes, so it is made once."""
    applied_by: str | None = None
    """The person who published it; None when it was not recorded."""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.id!r} version {self.version}"


Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")


def parsed(stored: Stored, model: type[Model]) -> Model:
    """Parse a stored version, once per `Stored`. Unknown keys are ignored.

    Raises: `DefinitionUnreadable`.
    """

    def make() -> Model:
        try:
            return read(model, stored.body)
        except ValidationError as error:
            raise DefinitionUnreadable(unreadable(stored.name, error)) from error

    return derived(stored, model, make)


def derived(stored: Stored, kind: type[Made], make: Callable[[], Made]) -> Made:
    """What `make` builds from a stored version, built once per `Stored`."""
    if kind not in stored.made:
        stored.made[kind] = make()
    return cast(Made, stored.made[kind])


def digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


class Definitions:
    """Cached access to definitions: a version forever (it is immutable), a pointer for `pointer_seconds`, and as long
    that a version cannot be read: what it names may be declared later.

    `reads` raises `DefinitionUnreadable` for a version that this release cannot read; `on_unreadable` is called for
    an unreadable live version. Without them bodies are not validated (`plan`, `apply`).
    """

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        *,
        pointer_seconds: float = POINTER_SECONDS,
        reads: Callable[[Stored], object] = lambda stored: None,
        on_unreadable: Callable[[DefinitionUnreadable], None] = lambda error: None,
    ) -> None:
        self._timer = timer
        self._pointer_seconds = pointer_seconds
        self._reads = reads
        self._on_unreadable = on_unreadable
        self._versions: dict[tuple[str, str, int], Stored] = {}
        self._unreadable: dict[tuple[str, str, int], tuple[float, DefinitionUnreadable]] = {}
        self._pointers: dict[tuple[str, str], tuple[float, int | None]] = {}
        self._lists: dict[str, tuple[float, dict[str, int]]] = {}
        self._reported: dict[tuple[str, str], float] = {}

    def live(self, kind: Kind, definition_id: str = ONLY) -> Stored:
        """The live version, or the newest one before it that this release can read.

        Raises: `NotFound` when the definition was never applied or is retired; `DefinitionUnreadable` when none of the
        latest 50 versions can be read.
        """
        newest = self._live_version(kind, definition_id)
        if newest is None:
            raise NotFound(
                Message("no live {kind} named {id!r}; apply a playbook that has it", kind=kind, id=definition_id)
            )
        try:
            return self.version(kind, definition_id, newest)
        except DefinitionUnreadable as error:
            self._report(kind, definition_id, error)
            for version in range(newest - 1, max(0, newest - 1 - _MOST_STEPS_BACK), -1):
                with suppress(DefinitionUnreadable, NotFound):
                    return self.version(kind, definition_id, version)
            raise

    def version(self, kind: Kind, definition_id: str, version: int) -> Stored:
        """Exactly this version; no other version replaces it.

        Raises: `NotFound`, `DefinitionUnreadable`.
        """
        key = (kind, definition_id, version)
        unreadable = self._unreadable.get(key)
        if unreadable is not None and self._timer() - unreadable[0] <= self._pointer_seconds:
            raise unreadable[1].with_traceback(None)
        if key not in self._versions:
            item = table.find(DefinitionItem, keys.definitions(kind), keys.definition_version(definition_id, version))
            if item is None or item.body is None or item.digest is None:
                what = {"kind": kind, "id": definition_id, "version": version}
                raise NotFound(Message("{kind} {id!r} has no version {version}", **what))
            body = json.loads(item.body)
            stored = Stored(kind, definition_id, version, body, item.digest, item.at, applied_by=item.applied_by)
            try:
                self._reads(stored)
            except DefinitionUnreadable as error:
                self._unreadable[key] = (self._timer(), error)
                raise
            self._versions[key] = stored
        return self._versions[key]

    def all_live(self, kind: Kind) -> list[Stored]:
        """Live versions of all definitions of `kind`, without those of which this release can read no version."""
        definitions = []
        for name in self.newest_versions(kind):
            with suppress(DefinitionUnreadable):
                if self._live_version(kind, name) is not None:
                    definitions.append(self.live(kind, name))
        return definitions

    def newest_versions(self, kind: Kind) -> dict[str, int]:
        """By id, of what was ever made live, retired definitions included."""
        cached = self._lists.get(kind)
        if cached is None or self._timer() - cached[0] > self._pointer_seconds:
            versions: dict[str, int] = {}
            for item in table.query(DefinitionItem, keys.definitions(kind)):
                if item.body is None:
                    version = int(item.version)
                    versions[item.definition_id] = version
                    self._pointers[kind, item.definition_id] = (self._timer(), None if item.retired else version)
            cached = self._lists[kind] = (self._timer(), dict(sorted(versions.items())))
        return cached[1]

    def publish(
        self, kind: Kind, definition_id: str, body: dict[str, Any], now: datetime, written_by: str | None = None,
        applied_by: str | None = None,
    ) -> int:  # fmt: skip
        """Store `body` as the next version and make it live; returns the version. An equal body changes nothing.

        `written_by`: the release that validated it. `applied_by`: the person who publishes it.
        """
        pointer = table.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
        current = int(pointer.version) if pointer else 0
        if pointer and not pointer.retired and pointer.digest == digest(body):
            return current
        by = {"written_by": written_by, "applied_by": applied_by}
        version = _put_version(kind, definition_id, current + 1, body, now, by)
        self._point(kind, definition_id, version, digest(body), now, retired=None)
        return version

    def retire(self, kind: Kind, definition_id: str, now: datetime) -> None:
        """Remove the definition from the live ones; its versions stay for running enrollments."""
        pointer = table.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
        if pointer and not pointer.retired:
            self._point(kind, definition_id, int(pointer.version), pointer.digest, now, retired=keys.stamp(now))

    def _point(
        self, kind: Kind, definition_id: str, version: int, body_digest: str | None, now: datetime, retired: str | None
    ) -> None:
        table.put(
            DefinitionItem(
                keys.definitions(kind),
                keys.definition_live(definition_id),
                definition_id=definition_id,
                version=version,
                digest=body_digest,
                at=keys.stamp(now),
                retired=retired,
            )
        )
        self._unreadable.clear()
        self._pointers.pop((kind, definition_id), None)
        self._lists.pop(kind, None)

    def _report(self, kind: Kind, definition_id: str, error: DefinitionUnreadable) -> None:
        last = self._reported.get((kind, definition_id))
        if last is None or self._timer() - last >= _REPORTED_EVERY_SECONDS:
            self._reported[kind, definition_id] = self._timer()
            self._on_unreadable(error)

    def _live_version(self, kind: Kind, definition_id: str) -> int | None:
        cached = self._pointers.get((kind, definition_id))
        if cached is None or self._timer() - cached[0] > self._pointer_seconds:
            item = table.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
            version = int(item.version) if item and not item.retired else None
            cached = self._pointers[kind, definition_id] = (self._timer(), version)
        return cached[1]


def bodies_back(kind: Kind, definition_id: str = ONLY) -> Iterator[dict[str, Any]]:
    """Bodies of every version, the newest first, whether it is live or retired. One read each."""
    pointer = table.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
    newest = int(pointer.version) if pointer else 0
    for version in range(newest, 0, -1):
        item = table.find(DefinitionItem, keys.definitions(kind), keys.definition_version(definition_id, version))
        if item is not None and item.body is not None:
            yield json.loads(item.body)


def _put_version(
    kind: Kind, definition_id: str, version: int, body: dict[str, Any], now: datetime, by: dict[str, str | None]
) -> int:
    while True:
        try:
            table.put_new(
                DefinitionItem(
                    keys.definitions(kind),
                    keys.definition_version(definition_id, version),
                    definition_id=definition_id,
                    version=version,
                    body=json.dumps(body, ensure_ascii=False, sort_keys=True),
                    digest=digest(body),
                    at=keys.stamp(now),
                    written_by=by["written_by"],
                    applied_by=by["applied_by"],
                )
            )
        except ConditionFailed:
            version += 1  # an interrupted apply used this number without moving the pointer
        else:
            return version
