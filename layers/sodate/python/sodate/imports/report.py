"""What became of an import, for people: counts, and a CSV of every row that did not go in or needs a look."""

import csv
import io
from collections.abc import Iterable, Mapping

from sodate.imports.cells import escaped
from sodate.imports.row import Trouble

COUNTED = ("rows", "created", "updated", "unchanged", "refused", "notes", "consents")
_COLUMNS = ("line", "kind", "column", "reason", "value")
BOM = "\ufeff"


def nothing_yet() -> dict[str, int]:
    return dict.fromkeys(COUNTED, 0)


def added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) + more.get(name, 0) for name in COUNTED}


def head() -> str:
    """With a byte order mark, or Excel reads the Japanese as something else."""
    return BOM + _text([_COLUMNS])


def lines(troubles: Iterable[Trouble]) -> str:
    return _text((t.line, t.kind, *map(escaped, (t.column, t.reason, t.value))) for t in troubles)


def _text(rows: Iterable[Iterable[object]]) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerows(rows)
    return held.getvalue()
