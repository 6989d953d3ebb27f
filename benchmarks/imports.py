"""An import of 100,000 generated people, killed in the middle and started again: rows, memory, units, time.

The table is the memory table of the tests, in a process of its own, so that memory is the importer's: the table keeps
keys and digests only of what the import has finished with.
"""

import csv
import json
import multiprocessing
import os
import resource
import tempfile
import time
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pynamodb.connection import Connection
from sodate.imports.mappingfile import read_mapping
from sodate.imports.reader import Survey
from sodate.imports.store import Progress
from sodate.table import base, keys
from sodate_cli.imports.files import opened
from sodate_cli.imports.work import Ground, run_import

from benchmarks import ground
from tests.simulation.table import MemoryTable

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


def measure(rows: int = 100_000, kill_at: float = 0.5) -> Json:
    """In a child, so that its peak memory is nobody else's."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measure, (rows, kill_at))


def _measure(rows: int, kill_at: float) -> Json:
    os.environ.update(ground.SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        generate(path, rows)
        table = MemoryTable()
        Connection.client = table  # type: ignore[assignment, method-assign]
        base.bind(ground.TABLE)
        begun = time.process_time()
        killed = _import(path, stop_at=int(rows * kill_at))
        written = len(table.items)
        done = _import(path)
        assert done is not None
        seconds = time.process_time() - begun
        again = table.writes
        assert _import(path) is not None
        return {
            "rows": rows,
            "killed_after": None if killed else written,
            "counts": done.counts,
            "equal": _equal(path, table),
            "twice": sum(count - 1 for count in _people(table).values()),
            "writes_of_the_same_file_again": table.writes - again,
            "cpu_ms_a_row": round(seconds / rows * 1000, 3),
            "memory_mb": memory(path),
            "peak_rss_mb_with_table": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def _import(path: Path, stop_at: int | None = None, dry_run: bool = False) -> Progress | None:
    def tell(progress: Progress, _: Survey) -> None:
        if stop_at is not None and progress.counts["rows"] >= stop_at:
            raise Stop

    place = Ground(ground.TABLE, b"an-address-key", NOW)
    try:
        return run_import(opened(str(path)), read_mapping("m", MAPPING.encode()), place, tell=tell, dry_run=dry_run)
    except Stop:
        return None


def memory(path: Path) -> Json:
    """What the importer itself holds at most, in MiB, for the first tenth of the file and for all of it.

    The table forgets what it is given, so that only the importer is counted.
    """
    forgetful = MemoryTable()
    Connection.client = forgetful  # type: ignore[assignment, method-assign]
    found: Json = {}
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for name, share in (("tenth", 10), ("all", 1)):
        part = path.with_name(f"{name}.csv")
        part.write_text("".join(lines[: len(lines) // share]), encoding="utf-8")
    del lines
    for name in ("tenth", "all"):
        forgetful.point = lambda label: _forget(forgetful)
        tracemalloc.start()
        assert _import(path.with_name(f"{name}.csv")) is not None
        found[name] = round(tracemalloc.get_traced_memory()[1] / 2**20, 1)
        tracemalloc.stop()
    return found


def _forget(table: MemoryTable) -> None:
    """All but the progress, and the caches that a real table would not have in our process."""
    for key in [key for key in table.items if not key[0].startswith(keys.imported(""))]:
        del table.items[key]
    table.history.clear()
    table.partitions.clear()
    table._before.clear()


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
