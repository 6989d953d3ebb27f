"""Definitions in the table: immutable numbered versions and one pointer that says which is live.

Bodies are plain JSON; each room parses its own kind into its model.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.errors import NotFound
from sodate.table import base, keys
from sodate.table.base import ConditionFailed, TableItem

Kind = Literal["form", "template", "sequence", "mailing", "rules", "sales"]
#: Kinds of which a playbook has exactly one carry this id.
ONLY = "default"
_POINTER_SECONDS = 20.0


class DefinitionItem(TableItem, discriminator="definition"):
    definition_id = UnicodeAttribute()
    version = NumberAttribute()
    body = UnicodeAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    retired = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Stored:
    kind: Kind
    id: str
    version: int
    body: dict[str, Any]
    digest: str
    published: str


Model = TypeVar("Model", bound=BaseModel)
_parsed: dict[tuple[type[BaseModel], Kind, str, int, str], BaseModel] = {}


def parsed(stored: Stored, model: type[Model]) -> Model:
    """A version never changes, so it is validated once a process."""
    key = (model, stored.kind, stored.id, stored.version, stored.digest)
    if key not in _parsed:
        _parsed[key] = model.model_validate(stored.body)
    return _parsed[key]  # type: ignore[return-value]


def digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


class Definitions:
    """Reads are cached: a version forever (it cannot change), a pointer for 20 seconds."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._versions: dict[tuple[str, str, int], Stored] = {}
        self._pointers: dict[tuple[str, str], tuple[float, int | None]] = {}
        self._lists: dict[str, tuple[float, list[str]]] = {}

    def live(self, kind: Kind, definition_id: str = ONLY) -> Stored:
        """Raises `NotFound` when nothing of that name was ever applied, or it was retired."""
        version = self._live_version(kind, definition_id)
        if version is None:
            raise NotFound(f"no live {kind} named {definition_id!r}; apply a playbook that has it")
        return self.version(kind, definition_id, version)

    def version(self, kind: Kind, definition_id: str, version: int) -> Stored:
        key = (kind, definition_id, version)
        if key not in self._versions:
            item = base.find(DefinitionItem, keys.definitions(kind), keys.definition_version(definition_id, version))
            if item is None or item.body is None or item.digest is None:
                raise NotFound(f"{kind} {definition_id!r} has no version {version}")
            self._versions[key] = Stored(kind, definition_id, version, json.loads(item.body), item.digest, item.at)
        return self._versions[key]

    def all_live(self, kind: Kind) -> list[Stored]:
        held = self._lists.get(kind)
        if held is None or self._timer() - held[0] > _POINTER_SECONDS:
            items = base.query(DefinitionItem, keys.definitions(kind))
            names = sorted({item.definition_id for item in items})
            for item in items:
                if item.body is None:
                    version = None if item.retired else int(item.version)
                    self._pointers[kind, item.definition_id] = (self._timer(), version)
            held = self._lists[kind] = (self._timer(), names)
        return [self.version(kind, name, v) for name in held[1] if (v := self._live_version(kind, name)) is not None]

    def publish(self, kind: Kind, definition_id: str, body: dict[str, Any], now: datetime) -> int:
        """Store `body` as the next version and make it live. The same body again changes nothing."""
        pointer = base.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
        current = int(pointer.version) if pointer else 0
        if pointer and not pointer.retired and pointer.digest == digest(body):
            return current
        version = self._put_version(kind, definition_id, current + 1, body, now)
        self._point(kind, definition_id, version, digest(body), now, retired=None)
        return version

    def retire(self, kind: Kind, definition_id: str, now: datetime) -> None:
        """The definition is no longer live; its versions stay for whoever runs on them."""
        pointer = base.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
        if pointer and not pointer.retired:
            self._point(kind, definition_id, int(pointer.version), pointer.digest, now, retired=keys.stamp(now))

    def _put_version(self, kind: Kind, definition_id: str, version: int, body: dict[str, Any], now: datetime) -> int:
        while True:
            try:
                base.put_new(
                    DefinitionItem(
                        keys.definitions(kind),
                        keys.definition_version(definition_id, version),
                        definition_id=definition_id,
                        version=version,
                        body=json.dumps(body, ensure_ascii=False, sort_keys=True),
                        digest=digest(body),
                        at=keys.stamp(now),
                    )
                )
            except ConditionFailed:
                version += 1  # an apply that died before it moved the pointer left this number behind
            else:
                return version

    def _point(
        self, kind: Kind, definition_id: str, version: int, body_digest: str | None, now: datetime, retired: str | None
    ) -> None:
        base.put(
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
        self._pointers.pop((kind, definition_id), None)
        self._lists.pop(kind, None)

    def _live_version(self, kind: Kind, definition_id: str) -> int | None:
        held = self._pointers.get((kind, definition_id))
        if held is None or self._timer() - held[0] > _POINTER_SECONDS:
            item = base.find(DefinitionItem, keys.definitions(kind), keys.definition_live(definition_id))
            version = int(item.version) if item and not item.retired else None
            held = self._pointers[kind, definition_id] = (self._timer(), version)
        return held[1]
