"""An import of 100,000 generated people, killed in the middle and started again: rows, memory, CPU.

The table is the memory table of the tests; for the memory of the importer alone it forgets what it is given.
"""

import csv
import json
import os
import resource
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sodate.dynamodb import keys
from sodate.dynamodb.table import Table
from sodate.imports.mappingfile import read_mapping
from sodate.imports.reader import Survey
from sodate.imports.store import Progress
from sodate_cli.imports.files import opened
from sodate_cli.imports.work import ImportTarget, run_import

from benchmarks import harness
from tests.fakes.table import MemoryTable

Json = dict[str, Any]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MAPPING = """\
source: crm
columns:
  id: external_id
  メール: email
  会社名: primary.company
  役職: primary.title
  予算: {to: secondary.budget, type: number}
  登録日: created
"""


class Stop(BaseException):
    """The kill."""


def generate(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "メール", "会社名", "役職", "予算", "登録日"])
        for n in range(rows):
            writer.writerow([n, f"lead{n}@example{n % 977}.jp", f"株式会社例示{n}", "部長", n % 5000, "2026-11-01"])


class Packed(dict[tuple[str, str], Json]):
    """Items as JSON text: 100,000 leads as Python objects would need more memory than a laptop has."""

    def __setitem__(self, key: tuple[str, str], item: Json) -> None:
        super().__setitem__(key, json.dumps(item))  # type: ignore[arg-type]

    def __getitem__(self, key: tuple[str, str]) -> Json:
        return dict(json.loads(super().__getitem__(key)))  # type: ignore[arg-type]

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401  (it would be itself)

    def values(self) -> Any:
        return (json.loads(text) for text in super().values())  # type: ignore[arg-type]


def measure(rows: int = 100_000, kill_at: float = 0.5) -> Json:
    """Each in a child, so that its peak memory is nobody else's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        generate(path, rows)
        tenth = path.with_name("tenth.csv")
        with path.open(encoding="utf-8") as stream:
            tenth.write_text("".join(islice(stream, rows // 10 + 1)), encoding="utf-8")
        found = _alone(_measure, path, rows, kill_at)
        found["peak_rss_mb"] = {"tenth": _alone(_memory, tenth), "all": _alone(_memory, path)}
        return found


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """A child that is killed is an error, not a wait without end."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _table() -> MemoryTable:
    os.environ.update(harness.SETTINGS)
    table = MemoryTable()
    table.items, table.history = Packed(), deque(maxlen=0)  # type: ignore[assignment]
    Table(harness.TABLE, table).use()
    return table


def _measure(path: Path, rows: int, kill_at: float) -> Json:
    table = _table()
    table.point = lambda label: table.clear_images()
    begun = time.process_time()
    assert _import(path, stop_at=int(rows * kill_at)) is None
    written = len(_people(table))
    done = _import(path)
    assert done is not None
    seconds = time.process_time() - begun
    writes = table.writes
    assert _import(path) is not None
    return {
        "rows": rows,
        "leads_when_killed": written,
        "counts": done.counts,
        "equal_row_for_row": _equal(path, table),
        "twice": sum(count - 1 for count in _people(table).values()),
        # Where it says how far it is, and nothing else.
        "writes_of_the_same_file_again": table.writes - writes,
        "cpu_ms_a_row": round(seconds / rows * 1000, 3),
    }


def _memory(path: Path) -> int:
    """Peak of the whole process, in MiB, with a table that forgets what it is given."""
    table = _table()
    table.point = lambda label: _forget(table)
    assert _import(path) is not None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _import(path: Path, stop_at: int | None = None, dry_run: bool = False) -> Progress | None:
    def on_progress(progress: Progress, _: Survey) -> None:
        if stop_at is not None and progress.counts["rows"] >= stop_at:
            raise Stop

    place = ImportTarget(harness.TABLE, b"an-address-key", NOW)
    try:
        return run_import(
            opened(str(path)), read_mapping("m", MAPPING.encode()), place, on_progress=on_progress, dry_run=dry_run
        )
    except Stop:
        return None


def _forget(table: MemoryTable) -> None:
    for key in [key for key in table.items if not key[0].startswith(keys.imported(""))]:
        table.forget(key)
    table.clear_images()


def _people(table: MemoryTable) -> Counter[str]:
    return Counter(item["external"]["M"]["crm"]["S"] for item in table.items.values() if "external" in item)


def _equal(path: Path, table: MemoryTable) -> bool:
    """Row for row, by a digest of every value."""
    with path.open(encoding="utf-8", newline="") as stream:
        wanted = {row["id"]: _digest(list(row.values())[1:5]) for row in csv.DictReader(stream)}
    found = {
        item["external"]["M"]["crm"]["S"]: _digest(
            [
                item["address"]["S"],
                item["primary"]["M"]["company"]["S"],
                item["primary"]["M"]["title"]["S"],
                item["secondary"]["M"]["budget"]["N"],
            ]
        )
        for item in table.items.values()
        if "external" in item
    }
    return found == wanted


def _digest(values: list[str]) -> bytes:
    return sha256(json.dumps(values).encode()).digest()


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
