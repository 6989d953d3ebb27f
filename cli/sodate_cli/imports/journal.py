"""How far an import is, next to the file: after a kill at any moment the next start goes on from here.

Errors are written first, then the journal: what a killed run had added to the errors beyond the journal is cut off.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sodate.imports.report import head, lines
from sodate.imports.row import Trouble
from sodate.imports.store import Progress


@dataclass
class Journal:
    """`table` is part of it: a journal of one stage says nothing of another."""

    beside: Path
    table: str
    keeps: bool = True

    @property
    def path(self) -> Path:
        return self.beside.with_name(f"{self.beside.name}.import.json")

    @property
    def errors(self) -> Path:
        return self.beside.with_name(f"{self.beside.name}.errors.csv")

    def resume(self, import_id: str) -> Progress | None:
        """None when there is nothing to go on from: no journal, another file, another mapping, another table."""
        try:
            held: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            progress = Progress(**held["progress"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if progress.import_id != import_id or held.get("table") != self.table or progress.finished:
            return None
        if not self.errors.is_file() or self.errors.stat().st_size < progress.errors_size:
            return None
        os.truncate(self.errors, progress.errors_size)
        return progress

    def begin(self) -> None:
        self.errors.write_text(head(), encoding="utf-8", newline="")
        self.errors.chmod(0o600)  # it holds what people wrote in the file

    def save(self, _: Progress, after: Progress, troubles: Sequence[Trouble]) -> Progress:
        if troubles:
            with self.errors.open("a", encoding="utf-8", newline="") as stream:
                stream.write(lines(troubles))
                _to_disk(stream)
        after = replace(after, errors_size=self.errors.stat().st_size)
        if not self.keeps:
            return after
        held = {"table": self.table, "progress": asdict(after)}
        outgoing = self.path.with_name(f"{self.path.name}.new")
        with outgoing.open("w", encoding="utf-8") as stream:
            json.dump(held, stream)
            _to_disk(stream)
        outgoing.replace(self.path)
        return after

    def end(self, done: Progress) -> None:
        """No list of errors where there are none."""
        if not (done.counts["refused"] or done.counts["notes"]):
            self.errors.unlink()


def _to_disk(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())
