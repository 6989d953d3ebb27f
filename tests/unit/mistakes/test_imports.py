"""Each deliberate mistake in a CSV file or its mapping is said with file, line, column or key, and what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import NamedTuple

import pytest
from sodate.errors import Invalid
from sodate.imports.mappingfile import MappingInvalid, read_mapping
from sodate.imports.reader import Records, survey
from sodate.imports.row import Trouble, read_row
from sodate.imports.run import HeaderInvalid, read_header
from sodate_cli.languages import say_in

from tests.unit.mistakes.test_playbooks import JAPANESE, QUOTED

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MAPPING = """\
source: meishi
columns:
  メール: email
  氏名: primary.name
  会社名: primary.company
  従業員数: { to: primary.employees, type: number }
  更新日: { to: secondary.renewal_date, type: date }
  メルマガ: { to: secondary.news, type: bool }
ignore: [備考]
"""
CSV = """\
メール,氏名,会社名,従業員数,更新日,メルマガ,備考
a@aoba.co.jp,青山 花子,青葉測器,300,2027-03-31,はい,
b@aoba.co.jp,馬場 一郎,青葉測器,"1,234",2027/4/1,いいえ,電話希望
"""


class Said(NamedTuple):
    """`words`: in the message or what to do."""

    file: str
    line: int
    key: str
    words: tuple[str, ...]


def of_file(key: str, *words: str, line: int = 1) -> tuple[Said, ...]:
    return (Said("leads.csv", line, key, words),)


def of_mapping(line: int, key: str, *words: str) -> tuple[Said, ...]:
    return (Said("mapping.yaml", line, key, words),)


UTF_16 = CSV.encode("utf-16")
#: Mapping, file, what is said of them; a text replaced in the good ones, or bytes instead.
MISTAKES: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | bytes | None, tuple[Said, ...]]] = {
    "semicolons of a spreadsheet": (None, CSV.replace(",", ";").encode(), of_file("", "`;`", 'delimiter: ";"')),
    "tabs": (None, CSV.replace(",", "\t").encode(), of_file("", "a tab", 'delimiter: "\\t"')),
    "no line of names": (
        None,
        CSV.partition("\n")[2].encode(),
        of_file("", "looks like a lead", "put a line with their names first"),
    ),
    "two columns of one name": (None, ("備考\n", "氏名\n"), of_file("氏名", "two columns of this name", "rename one")),
    "a misspelt column": (None, ("会社名", "会社"), of_file("会社名", "no such column", "did you mean `会社`?")),
    "a column that is not there": (
        ("氏名: primary.name", "部署: primary.department\n  氏名: primary.name"),
        None,
        of_file("部署", "no such column", "it has: メール"),
    ),
    "a column that the mapping forgot": (
        ("ignore: [備考]\n", ""),
        None,
        of_file("備考", "the mapping does not know this column", "write it under `ignore`"),
    ),
    "the mapping of another file": (
        None,
        b"Email,First Name,Last Name,Phone\nx@y.jp,A,B,03\n",
        of_file("", "of the 6 columns of the mapping, the file has 0", "--suggest"),
    ),
    "an Excel workbook": (None, b"PK\x03\x04" + b"\x00" * 100, of_file("", "Excel workbook", "save it as “CSV UTF-8”")),
    "a file in UTF-16": (None, UTF_16, of_file("", "UTF-16", "save it as “CSV UTF-8”")),
    "an empty file": (None, b"", of_file("", "the file is empty", "must name the columns")),
    "a line with a cell too few": (
        None,
        ("300,2027-03-31,はい,", "300,2027-03-31,はい"),
        of_file("", "has 6 cells, the header has 7", "put text with a comma in quotes", line=2),
    ),
    "a comma without quotes": (
        None,
        ('"1,234"', "1,234"),
        of_file("", "has 8 cells, the header has 7", "put text with a comma in quotes", line=3),
    ),
    "a quote that is never closed": (
        None,
        ('"1,234"', '"1,234'),
        of_file("", "opened and never closed", "close it", line=3),
    ),
    "a date of the Japanese calendar": (
        None,
        ("2027-03-31", "令和9年3月31日"),
        of_file("更新日", "not a date", "write it as 2026-11-20", line=2),
    ),
    "a day that does not exist": (
        None,
        ("2027-03-31", "2027-02-30"),
        of_file("更新日", "a day or time that does not exist", line=2),
    ),
    "a number with a word": (None, (",300,", ",300名,"), of_file("従業員数", "not a number", line=2)),
    "a yes that nobody defined": (None, ("はい", "希望"), of_file("メルマガ", "`yes` and `no` in the mapping", line=2)),
    "no address": (None, ("a@aoba.co.jp", ""), of_file("メール", "no mail address and no id", line=2)),
    "a misspelt key of the mapping": (
        ("ignore:", "ignor:"),
        None,
        of_mapping(9, "ignor", "unknown key", "did you mean `ignore`?"),
    ),
    "a wrong target": (
        ("primary.company", "company"),
        None,
        of_mapping(5, "columns.会社名.to", "is not written as it must be", "write `email`"),
    ),
    "two columns to one target": (
        ("primary.company", "primary.name"),
        None,
        of_mapping(4, "columns.氏名", "two columns go to"),
    ),
    "nothing that says who": (
        ("メール: email", "メール: primary.mail"),
        None,
        of_mapping(2, "columns", "who is this row?"),
    ),
    "a type that there is not": (
        ("type: number", "type: int"),
        None,
        of_mapping(6, "columns.従業員数.type", "is not possible here", "one of"),
    ),
    "a full-width colon in the mapping": (
        ("  氏名: ", "  氏名："),
        None,
        of_mapping(4, "氏名", "full-width colon", "half-width"),
    ),
    "an unknown zone": (
        ("columns:", "zone: Tokyo\ncolumns:"),
        None,
        of_mapping(2, "zone", "write one such as Asia/Tokyo"),
    ),
}


def said(mapping: str, content: bytes) -> Iterator[tuple[str, int, str, str, str]]:
    try:
        known = read_mapping("mapping.yaml", mapping.encode())
        encoding = survey(BytesIO(content)).encoding
        header = read_header(BytesIO(content), encoding, known)
    except MappingInvalid as error:
        for problem in error.problems:
            yield problem.file, problem.line, problem.field, problem.message, problem.hint
        return
    except HeaderInvalid as error:
        for column in error.problems:
            yield "leads.csv", 1, column.column, column.message, column.hint
        return
    except Invalid as error:
        yield "leads.csv", 1, "", str(error), ""
        return
    for record in Records(BytesIO(content[header.end :]), encoding, ",", offset=header.end, line=header.next_line):
        row = read_row(record, header.names, known, NOW)
        for trouble in row if isinstance(row, list) else row.notes:
            assert isinstance(trouble, Trouble)
            yield "leads.csv", trouble.line, trouble.column, trouble.reason, ""


def of(name: str) -> tuple[list[tuple[str, int, str, str, str]], tuple[Said, ...]]:
    in_mapping, in_file, expected = MISTAKES[name]
    mapping = MAPPING.replace(*in_mapping, 1) if in_mapping else MAPPING
    content = in_file if isinstance(in_file, bytes) else (CSV.replace(*in_file, 1) if in_file else CSV).encode()
    assert in_mapping is None or mapping != MAPPING
    assert in_file is None or content != CSV.encode()
    return list(said(mapping, content)), expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_files_without_a_mistake_are_good(encoding: str) -> None:
    assert list(said(MAPPING, CSV.encode(encoding))) == []
    assert list(said(MAPPING, CSV.replace("\n", "\r\n").replace('"1,234"', "１，２３４").encode(encoding))) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_exactly_the_mistake_is_said(name: str) -> None:
    found, expected = of(name)

    assert [one[:3] for one in found] == [one[:3] for one in expected], found
    for (*_, message, hint), one in zip(found, expected, strict=True):
        assert all(words in f"{message} {hint}" for words in one.words), f"{message} {hint}"


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_said_in_japanese_too(name: str) -> None:
    for *_, message, hint in of(name)[0]:
        assert JAPANESE.search(QUOTED.sub("", say_in("ja", message))), message
        assert not hint or JAPANESE.search(QUOTED.sub("", say_in("ja", hint))), hint
