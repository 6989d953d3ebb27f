"""Which definitions were live at a past moment: a report of that moment is made under them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from sodate.dynamodb import keys, table
from sodate.errors import NotFound
from sodate.playbook.store import DefinitionItem, Definitions, Kind, Stored


def live_at(definitions: Definitions, kind: Kind, at: datetime) -> Iterator[Stored]:
    """In order of id. When a definition was retired is known of its latest retirement only: one that was retired and
    published again counts as live in between."""
    moment = keys.stamp(at)
    for name, newest in definitions.newest_versions(kind).items():
        pointer = table.find(DefinitionItem, keys.definitions(kind), keys.definition_live(name))
        if pointer is None or (pointer.retired and pointer.retired < moment):
            continue
        for version in range(newest, 0, -1):
            with suppress(NotFound):  # the number of an interrupted apply
                stored = definitions.version(kind, name, version)
                if stored.published < moment:
                    yield stored
                    break
