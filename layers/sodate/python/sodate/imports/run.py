"""Imports a file chunk by chunk. The progress is saved after each chunk; an interrupted run resumes from it.

Rows that an interrupted run wrote after the last save are recognised by the mark on each profile and stay unchanged.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

from sodate.errors import Invalid
from sodate.imports.apply import Apply
from sodate.imports.header import unlike_header
from sodate.imports.mapping import HeaderProblem, Mapping, check_header
from sodate.imports.reader import Record, Records
from sodate.imports.report import add_counts, zero_counts
from sodate.imports.row import Row, Trouble, read_row
from sodate.imports.store import Progress
from sodate.messages import Message, joined

CHUNK_ROWS = 500
#: Bounds memory for files with very long rows.
CHUNK_BYTES = 4 * 1024 * 1024
_HEADER_BYTES = 256 * 1024
#: How .xlsx (a ZIP file) and .xls begin.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

#: Opens the file at a byte offset.
OpenAt = Callable[[int], BinaryIO]
Save = Callable[[Progress, Progress, Sequence[Trouble]], Progress]


class HeaderInvalid(Invalid):
    """The header does not match the mapping. Lists every problem, not only the first."""

    def __init__(self, problems: list[HeaderProblem]) -> None:
        self.problems = problems
        lines = joined("\n", [_line(problem) for problem in problems])
        super().__init__(
            Message("the file and the mapping do not fit, nothing was imported:\n{problems}", problems=lines), "header"
        )


def _line(problem: HeaderProblem) -> Message:
    line = Message("column `{column}`: {message}", column=problem.column, message=problem.message)
    return joined("", [line, " (", problem.hint, ")"]) if problem.hint else line


@dataclass(frozen=True)
class Header:
    names: list[str]
    end: int
    next_line: int


def import_id(fingerprint: str, mapping: Mapping) -> str:
    """Equal for the same file with the same mapping."""
    return hashlib.sha256(f"{fingerprint} {mapping.digest}".encode()).hexdigest()[:20]


def read_header(stream: BinaryIO, encoding: str, mapping: Mapping) -> Header:
    """Read and check the first record.

    Raises: `Invalid` for an unreadable file; `HeaderInvalid` when header and mapping do not match.
    """
    start = stream.read(_HEADER_BYTES)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid(Message("the file is UTF-16; save it as “CSV UTF-8”"), "encoding")
    if start.startswith(_WORKBOOKS):
        raise Invalid(Message("the file is an Excel workbook and no CSV; in Excel, save it as “CSV UTF-8”"), "encoding")
    record = next(iter(Records(BytesIO(start), encoding, mapping.delimiter)), None)
    if record is None:
        raise Invalid(Message("the file is empty; its first line must name the columns"), "header")
    if record.cells is None:
        raise Invalid(
            Message(
                "line {line}, the names of the columns, cannot be read: {reason}",
                line=record.line,
                reason=record.reason,
            ),
            "header",
        )
    names = [name.strip().encode("utf-8", "replace").decode() for name in record.cells]
    if wrong := unlike_header(mapping, names):
        raise Invalid(Message("line {line}: {wrong}", line=record.line, wrong=wrong), "header")
    if problems := check_header(mapping, names):
        raise HeaderInvalid(problems)
    return Header(names, record.end, record.next_line)


@dataclass(frozen=True)
class Run:
    """`save(before, after, troubles)` stores the progress of a chunk and returns the stored one."""

    mapping: Mapping
    header: Header
    apply: Apply
    save: Save
    now: datetime

    def go(self, open_at: OpenAt, progress: Progress, has_time: Callable[[], bool] = lambda: True) -> Progress:
        """Import to the end of the file, or until `has_time` returns False."""
        at = progress
        if at.offset < self.header.end:
            at = replace(at, offset=self.header.end, line=self.header.next_line)
        delimiter = self.mapping.delimiter
        records = Records(open_at(at.offset), at.encoding, delimiter, offset=at.offset, line=at.line)
        for chunk, is_last in _chunks(records, at.offset):
            after, troubles = self._chunk(chunk, at, is_last)
            progress = at = self.save(progress, after, troubles)
            if not is_last and not has_time():
                break
        return progress

    def _chunk(self, chunk: Sequence[Record], before: Progress, is_last: bool) -> tuple[Progress, list[Trouble]]:
        rows: list[Row] = []
        troubles: list[Trouble] = []
        counts = zero_counts()
        for record in chunk:
            if record.cells is not None and not any(cell.strip() for cell in record.cells):
                continue  # spreadsheets write empty rows after the last one
            counts["rows"] += 1
            row = read_row(record, self.header.names, self.mapping, self.now)
            if isinstance(row, Row):
                rows.append(row)
            else:
                counts["refused"] += 1
                troubles += row
        for applied in self.apply.apply(rows):
            counts[applied.outcome or "refused"] += 1
            counts["consents"] += applied.confirmed
            counts["enrolled"] += applied.enrolled
            counts["hot"] += applied.hot
            troubles += applied.troubles
        counts["notes"] = sum(trouble.kind == "note" for trouble in troubles)
        end, line = (chunk[-1].end, chunk[-1].next_line) if chunk else (before.offset, before.line)
        after = replace(before, offset=end, line=line, counts=add_counts(before.counts, counts), finished=is_last)
        return after, sorted(troubles, key=lambda trouble: trouble.line)


def _chunks(records: Records, offset: int) -> Iterator[tuple[list[Record], bool]]:
    """(chunk, is_last): at least one chunk, possibly empty."""
    chunk: list[Record] = []
    for record in records:
        if len(chunk) == CHUNK_ROWS or (chunk and record.end - offset > CHUNK_BYTES):
            offset = chunk[-1].end
            yield chunk, False
            chunk = []
        chunk.append(record)
    yield chunk, True
