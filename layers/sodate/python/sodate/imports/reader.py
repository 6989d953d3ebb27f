"""Reads any CSV file as records with line and byte offset. Memory use is bounded by one record.

A damaged record does not affect others: after a quote that is never closed, reading continues on the next line.
"""

import csv
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from sodate.messages import Message

#: Bytes. No lead is this large; a larger record is skipped without being kept in memory.
MAX_RECORD = 4 * 1024 * 1024
_BLOCK = 64 * 1024
_BOM = b"\xef\xbb\xbf"
#: First code point of CJK punctuation and kana: bytes that decode to it or above are Japanese text.
_JAPANESE = "\u3000"
#: Characters to which Python maps the bytes 80, A0, FD, FE and FF, which are undefined in CP932.
_NOT_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")


@dataclass(frozen=True)
class Record:
    """`cells` is None for an unreadable record; `reason` then says why. `end` is the byte offset of the next record."""

    line: int
    cells: list[str] | None
    end: int
    next_line: int
    reason: str = ""


@dataclass(frozen=True)
class BadRow:
    """A row that was refused: why, and what to do. `field`: of the row, where one field is the reason."""

    line: int
    reason: str
    value: str = ""
    field: str = ""


@dataclass(frozen=True)
class Survey:
    """Result of one pass over a file: size in bytes, fingerprint, and the encoding that fits most of its lines."""

    size: int
    sha256: str
    encoding: str


Line = tuple[bytes, int]


@dataclass
class _Lines:
    """Physical lines with their ending (LF, CR LF, CR alone) and their size; only the start of a huge line is kept."""

    stream: BinaryIO
    _ready: deque[bytes] = field(default_factory=deque)
    _back: deque[Line] = field(default_factory=deque)
    _tail: bytes = b""

    def read(self) -> Line:
        """The next line; empty at the end of the file."""
        if self._back:
            return self._back.popleft()
        dropped = 0
        while not self._ready:
            block = self.stream.read(_BLOCK)
            self._tail += block
            if not block:
                last, self._tail = self._tail, b""
                return last, len(last) + dropped
            parts = self._tail.splitlines(keepends=True)
            # A CR at the end of a block may be half of a CR LF.
            self._tail = b"" if parts[-1].endswith(b"\n") else parts.pop()
            self._ready.extend(parts)
            if not self._ready and len(self._tail) > MAX_RECORD + _BLOCK:
                dropped += _BLOCK
                self._tail = self._tail[:MAX_RECORD] + self._tail[MAX_RECORD + _BLOCK :]
        first = self._ready.popleft()
        return first, len(first) + dropped

    def give_back(self, lines: list[Line]) -> None:
        self._back.extendleft(reversed(lines))


def survey(stream: BinaryIO) -> Survey:
    """Read to the end. Mixed encodings: the one that fits more lines wins; the other lines become bad rows."""
    digest, lines, size = hashlib.sha256(), _Lines(stream), 0
    utf8 = other = 0
    while True:
        raw, length = lines.read()
        if not raw:
            return Survey(size, digest.hexdigest(), "cp932" if other > utf8 else "utf-8")
        digest.update(raw)
        size += length
        if not raw.isascii():
            if _decodes(raw, "utf-8"):
                utf8 += 1
            else:
                other += _decodes(raw, "cp932")


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return encoding != "cp932" or _NOT_CP932.isdisjoint(text)


class _Broken(Exception):
    """The message describes the damage."""


class Records:
    """`stream` is positioned at byte `offset`, the start of line `line`."""

    def __init__(self, stream: BinaryIO, encoding: str, delimiter: str, *, offset: int = 0, line: int = 1) -> None:
        csv.field_size_limit(MAX_RECORD)
        self._lines = _Lines(stream)
        self._encoding, self._delimiter = encoding, delimiter
        self._offset, self._line = offset, line

    def __iter__(self) -> Iterator[Record]:
        """All records, without blank lines."""
        while True:
            taken: list[Line] = []
            try:
                cells = next(csv.reader(self._text(taken), delimiter=self._delimiter, strict=True), None)
                reason = ""
            except (csv.Error, _Broken) as error:
                cells, reason = [], _in_words(error)
                self._lines.give_back(taken[1:])
                taken = taken[:1]
            if not taken or cells is None:
                return
            begun = self._line
            self._offset += sum(size for _, size in taken)
            self._line += len(taken)
            if reason or cells:
                yield Record(begun, None if reason else cells, self._offset, self._line, reason)

    def _text(self, taken: list[Line]) -> Iterator[str]:
        """Decoded lines of one record; each raw line is appended to `taken`."""
        total = 0
        while (line := self._lines.read())[0]:
            taken.append(line)
            total += line[1]
            if total > MAX_RECORD:
                raise _Broken(
                    Message("the line is longer than 4 MiB")
                    if len(taken) == 1
                    else Message("a quote is opened and not closed within 4 MiB")
                )
            yield self._decoded(line[0])

    def _decoded(self, raw: bytes) -> str:
        if self._offset == 0 and raw.startswith(_BOM):
            raw = raw[3:]
        if raw.isascii():
            return raw.decode("ascii")
        if self._encoding == "cp932" and _is_utf8_japanese(raw):
            # Decoded as CP932 it would silently become wrong characters.
            return raw.decode("ascii", "surrogateescape")
        return raw.decode(self._encoding, "surrogateescape")


def _is_utf8_japanese(raw: bytes) -> bool:
    try:
        return max(raw.decode("utf-8")) >= _JAPANESE
    except UnicodeDecodeError:
        return False


def _in_words(error: Exception) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return Message("a quote is opened and never closed; close it at the end of the cell")
    if "expected after" in text:
        return Message("a quote inside a quoted cell must be doubled")
    return text
