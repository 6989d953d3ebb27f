"""The bytes of a CSV file as the reader of imports takes them: UTF-16 becomes UTF-8 on the way, block by block."""

import codecs
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from sodate.imports.reader import Records, survey

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Opens the file at a byte offset.
OpenAt = Callable[[int], BinaryIO]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Utf8Of:
    """A UTF-16 stream, read as UTF-8. Undecodable bytes become U+FFFD; a row that has one is refused as no text."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def read(self, size: int) -> bytes:
        """Empty at the end only."""
        while block := self._stream.read(size):
            if text := self._decoder.decode(block):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", True).encode("utf-8", "replace")


@dataclass(frozen=True)
class Opened:
    """`encoding` and `delimiter`: as they were found."""

    records: Records
    encoding: str
    delimiter: str


def records_of(open_at: OpenAt, delimiter: str | None = None) -> Opened:
    """Records of a file in UTF-8, CP932 or UTF-16. `delimiter` None: a tab where the first line has one."""
    with closing(open_at(0)) as stream:
        start = stream.read(4096)
    is_utf16 = start.startswith(_UTF16)
    first_line = start.decode("utf-16", "replace") if is_utf16 else start.decode("latin-1")
    found = delimiter or ("\t" if "\t" in first_line and "," not in first_line.split("\t")[0] else ",")
    if is_utf16:
        stream = cast(BinaryIO, Utf8Of(open_at(0)))
        return Opened(Records(stream, "utf-8", found), "utf-16", found)
    with closing(open_at(0)) as stream:
        encoding = survey(stream).encoding
    return Opened(Records(open_at(0), encoding, found), encoding, found)
