"""Progress of an import, stored beside its file: an interrupted import resumes from it.

Errors are written before the journal; on resume, errors beyond the journal are truncated.
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sodate.imports.cells import clean
from sodate.imports.report import LISTED, head, lines
from sodate.imports.row import Trouble
from sodate.imports.store import Progress

from sodate_cli.languages import words


@dataclass
class Journal:
    """`table` and `enroll` are stored too: a journal is valid only for its own stage and the same scenario to enter."""

    beside: Path
    table: str
    keeps: bool = True
    enroll: str | None = None

    @property
    def path(self) -> Path:
        return self.beside.with_name(f"{self.beside.name}.import.json")

    @property
    def errors(self) -> Path:
        return self.beside.with_name(f"{self.beside.name}.errors.csv")

    def resume(self, import_id: str) -> Progress | None:
        """Stored progress; None without a journal for the same file, mapping and table."""
        try:
            content: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            progress = Progress(**content["progress"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if progress.import_id != import_id or progress.finished:
            return None
        if (content.get("table"), content.get("enroll")) != (self.table, self.enroll):
            return None
        if not self.errors.is_file() or self.errors.stat().st_size < progress.errors_size:
            return None
        os.truncate(self.errors, progress.errors_size)
        return progress

    def begin(self) -> None:
        self.errors.write_text(head(), encoding="utf-8", newline="")
        self.errors.chmod(0o600)  # it holds personal data from the file

    def save(self, _: Progress, after: Progress, troubles: Sequence[Trouble]) -> Progress:
        if troubles:
            with self.errors.open("a", encoding="utf-8", newline="") as stream:
                stream.write(lines(replace(one, reason=words(one.reason)) for one in troubles))
                write_to_disk(stream)
        after = replace(after, errors_size=self.errors.stat().st_size)
        if not self.keeps:
            return after
        content = {"table": self.table, "enroll": self.enroll, "progress": asdict(after)}
        temporary = self.path.with_name(f"{self.path.name}.new")
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(content, stream)
            write_to_disk(stream)
        temporary.replace(self.path)
        return after

    def end(self, done: Progress) -> None:
        """Remove the error file when it is empty."""
        if not any(done.counts[name] for name in LISTED):
            self.errors.unlink()

    def hot_leads(self) -> list[dict[str, str]]:
        """Lines of the error file about leads of which sales is not told, because the import is quiet."""
        if not self.errors.is_file():
            return []
        with self.errors.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["kind"] == "hot"]
        return [{"line": row["line"], "lead": clean(row["value"]), "reason": row["reason"]} for row in rows]


def write_to_disk(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())
