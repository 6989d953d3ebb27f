"""Report of an import: counts, and a CSV of every row that was rejected or needs attention."""

import csv
import io
from collections.abc import Iterable, Mapping

from sodate.imports.cells import escaped
from sodate.imports.row import Trouble

COUNTED = ("rows", "created", "updated", "unchanged", "refused", "notes", "consents", "enrolled", "hot")
#: Counts whose rows are lines of the error file.
LISTED = ("refused", "notes", "hot")
_COLUMNS = ("line", "kind", "column", "reason", "value")
BOM = "\ufeff"


def zero_counts() -> dict[str, int]:
    return dict.fromkeys(COUNTED, 0)


def add_counts(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) + more.get(name, 0) for name in COUNTED}


def head() -> str:
    """CSV header with a byte order mark; without it Excel decodes Japanese wrongly."""
    return BOM + _text([_COLUMNS])


def lines(troubles: Iterable[Trouble]) -> str:
    return _text((t.line, t.kind, *map(escaped, (t.column, t.reason, t.value))) for t in troubles)


def _text(rows: Iterable[Iterable[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
