"""Whatever lies in a file: a damaged record costs itself, and every offset is one where reading can go on."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.imports.reader import MAX_RECORD, Record, Records, survey

JAPANESE = "氏名,会社\r\n髙橋①,㈱例示\r\n"


def read(content: bytes, encoding: str = "utf-8", **where: int) -> list[Record]:
    return list(Records(io.BytesIO(content[where.get("offset", 0) :]), encoding, ",", **where))


def cells(content: bytes, encoding: str = "utf-8") -> list[list[str] | None]:
    return [record.cells for record in read(content, encoding)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_japanese_files_are_recognised(encoding: str) -> None:
    content = JAPANESE.encode(encoding)
    result = survey(io.BytesIO(content))
    assert result.size == len(content)
    assert cells(content, result.encoding) == [["氏名", "会社"], ["髙橋①", "㈱例示"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_once(end: str) -> None:
    records = read(end.join(["a,b", "1,2", "", "3,4"]).encode())
    assert [(record.line, record.cells) for record in records] == [(1, ["a", "b"]), (2, ["1", "2"]), (4, ["3", "4"])]


def test_a_cell_may_hold_lines_quotes_and_commas() -> None:
    (first, second) = read(b'"a\r\nb","say ""x"", y"\nc,d\n')
    assert first.cells == ["a\r\nb", 'say "x", y']
    assert (second.line, second.cells) == (3, ["c", "d"])


def test_after_a_quote_that_is_never_closed_the_next_lines_are_read() -> None:
    records = read(b'a,b\n1,"open\n2,x\n3,y\n')
    assert [(record.line, record.cells) for record in records] == [
        (1, ["a", "b"]),
        (2, None),
        (3, ["2", "x"]),
        (4, ["3", "y"]),
    ]
    assert "never closed" in records[1].reason


def test_an_open_quote_does_not_swallow_a_quoted_row_behind_it() -> None:
    records = read(b'1,"open\n"2","x"\n3,y\n')
    assert [record.cells for record in records] == [None, ["2", "x"], ["3", "y"]]


def test_a_giant_line_is_skipped_without_being_held() -> None:
    class Endless(io.RawIOBase):
        """64 MiB without a line end, then a good row."""

        left = 64 * 1024 * 1024

        def read(self, size: int = -1) -> bytes:
            if self.left <= 0:
                self.left, was = -1, self.left
                return b"\n1,2\n" if was == 0 else b""
            self.left -= size
            return b"x" * size

    stream: Any = Endless()
    records = list(Records(stream, "utf-8", ","))
    assert [(record.line, record.cells) for record in records] == [(1, None), (2, ["1", "2"])]
    assert records[1].end == 64 * 1024 * 1024 + 5


def test_a_megabyte_in_a_cell_is_one_record() -> None:
    (record, after) = read(b'"' + b"x" * 1_000_000 + b'",2\n3,4\n')
    assert record.cells is not None
    assert len(record.cells[0]) == 1_000_000
    assert after.cells == ["3", "4"]


def test_a_quote_closed_too_late_is_bounded() -> None:
    records = read(b'1,"open\n' + b"2,x\n" * (MAX_RECORD // 4 + 10))
    assert records[0].cells is None
    assert len(records) == MAX_RECORD // 4 + 11


def test_lines_of_another_encoding_are_told_and_never_garbled() -> None:
    good, bad = "山田,東京\n".encode("cp932"), "鈴木,大阪\n".encode()
    content = good * 3 + bad + good
    assert survey(io.BytesIO(content)).encoding == "cp932"
    rows = cells(content, "cp932")
    assert [row == ["山田", "東京"] for row in rows] == [True, True, True, False, True]
    assert rows[3] is not None
    assert any("\ud800" <= c <= "\udfff" for c in rows[3][0]), "wrong bytes stay visible as such"


def test_bytes_of_no_encoding_do_not_make_a_file_japanese() -> None:
    assert survey(io.BytesIO(b"id,name\n1,\xff\n")).encoding == "utf-8"


def test_a_lone_surrogate_stays_visible_in_its_cell() -> None:
    (row,) = cells(b"\xed\xa0\x80,ok\n")
    assert row is not None
    assert row[1] == "ok"
    assert "\ud800" <= row[0][0] <= "\udfff"


TEXT = st.text(st.sampled_from('ab,"\r\n山é'), max_size=8)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=3), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_reading_from_any_offset_gives_the_rest(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    content = buffer.getvalue().encode()
    whole = read(content)
    assert [record.cells for record in whole] == rows
    for number, record in enumerate(whole):
        assert read(content, offset=record.end, line=record.next_line) == whole[number + 1 :]


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_stop_the_reader(content: bytes) -> None:
    for encoding in ("utf-8", "cp932"):
        records = read(content, encoding)
        assert [record.end for record in records] == sorted({record.end for record in records})
        assert all(record.end <= len(content) for record in records)
