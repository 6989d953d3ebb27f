"""The shapes of attendee reports and card files: preambles, staff, rejoins, encodings, and damage."""

import io
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.errors import Invalid
from sodate.imports.cells import BadCell
from sodate.imports.reader import BadRow, Records
from sodate.intake.bytes import records_of
from sodate.intake.formats import Cards, Reader, ReportRow, teams, zoom
from sodate.intake.mapping import ActivityMapping, DealMapping, MappedActivities, MappedDeals
from sodate.intake.report_cells import minutes_of, time_of

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ZOOM = """\ufeffAttendee Report
Report Generated:,"11/20/2026 11:30"
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),# Registered
"春のウェビナー, 第1回",812 3456 7890,"11/20/2026 10:00:12",61,3
Host Details,
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes)
Yes,主催,host@example.jp,"11/20/2026 09:50:00","11/20/2026 11:01:00",71
Attendee Details,
Attended,User Name (Original Name),First Name,Last Name,Email,Registration Time,Approval Status,Join Time,Leave Time,Time in Session (minutes)
Yes,太郎,太郎,山田,taro@example.co.jp,"11/18/2026 09:00:00",approved,"11/20/2026 10:00:00","11/20/2026 10:20:00",20
Yes,太郎,太郎,山田,TARO@example.co.jp,"11/18/2026 09:00:00",approved,"11/20/2026 10:30:00","11/20/2026 10:58:00",28
No,花子,花子,鈴木,hanako@example.co.jp,"11/19/2026 09:00:00",approved,--,--,--
No,次郎,次郎,佐藤,jiro@example.co.jp,"11/19/2026 09:00:00",denied,--,--,--
Yes,broken,,,not an address,"11/19/2026 09:00:00",approved,"11/20/2026 10:00:00",,5
Yes,broken,,,time@example.jp,"11/19/2026 09:00:00",approved,"13/45/2026 10:00:00",,5
"""  # noqa: E501
TEAMS = """1. 要約
会議のタイトル\t春のウェビナー
参加者数\t2
開始時刻\t11/20/26, 9:50:12 AM

2. 参加者
名前\t最初の参加\t最後の退出\t会議内の時間\tメール\t参加者 ID (UPN)\t役割
主催 者\t11/20/26, 9:50:12 AM\t11/20/26, 11:00:00 AM\t1 時間 9 分 48 秒\thost@example.jp\thost@example.jp\t開催者
山田 太郎\t11/20/26, 1:00:15 PM\t11/20/26, 2:00:00 PM\t59 分 45 秒\ttaro@example.co.jp\t\t出席者
名無し\t11/20/26, 1:00:15 PM\t11/20/26, 2:00:00 PM\t59m 45s\t\t\t出席者

3. 会議中のアクティビティ
名前\t参加時刻\t退出時刻\t期間\tメール\t役割
山田 太郎\t11/20/26, 1:00:15 PM\t11/20/26, 2:00:00 PM\t59m 45s\ttaro@example.co.jp\t出席者
"""
CARDS = """会社名,部署名,役職,氏名,e-mail,TEL,名刺交換日
例示株式会社,営業部,部長,山田　太郎,taro@example.co.jp,０３－１２３４－５６７８,2026/11/18
,,,,,,
無名株式会社,,,名無し,,,2026/11/18
"""


def read(reader: Reader, text: str, encoding: str = "utf-8") -> tuple[list[ReportRow], list[BadRow]]:
    data = text.encode(encoding)
    found = [row for record in records_of(lambda at: io.BytesIO(data[at:])).records for row in reader.read(record)]
    found += reader.end()
    return [row for row in found if isinstance(row, ReportRow)], [row for row in found if isinstance(row, BadRow)]


def shown(rows: Sequence[ReportRow]) -> list[Any]:
    return [
        (row.ref.match, [(one.type, f"{one.at:%d %H:%M}", dict(one.about)) for one in row.said])
        for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16"])
def test_a_zoom_report_gives_one_row_per_attendee(encoding: str) -> None:
    text = ZOOM if encoding == "utf-8" else ZOOM.lstrip("\ufeff")
    rows, bad = read(zoom("spring", TOKYO), text, encoding)
    spring = {"seminar": "spring"}
    assert shown(rows) == [
        ("taro@example.co.jp", [
            ("seminar_registered", "18 00:00", spring), ("seminar_attended", "20 01:00", {**spring, "minutes": 48}),
        ]),
        ("hanako@example.co.jp", [("seminar_registered", "19 00:00", spring)]),
        ("jiro@example.co.jp", []),
    ]  # fmt: skip
    assert [(row.line, row.value) for row in bad] == [(14, "not an address"), (15, "time@example.jp")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "cp932"])
def test_a_teams_report_gives_its_participants_without_staff(encoding: str) -> None:
    rows, bad = read(teams("spring", TOKYO), TEAMS, encoding)
    assert shown(rows) == [
        ("taro@example.co.jp", [("seminar_attended", "20 04:00", {"seminar": "spring", "minutes": 59})])
    ]
    assert [row.reason for row in bad] == ["the row has no mail address; fill it in, or delete the row"]


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_cards_give_primary_data_and_an_exchange(encoding: str) -> None:
    rows, bad = read(Cards({"exhibition": "expo"}, TOKYO, NOW), CARDS, encoding)
    (row,) = rows
    assert row.attributes["primary"] == {
        "company": "例示株式会社", "department": "営業部", "title": "部長", "name": "山田　太郎",
        "phone": "０３－１２３４－５６７８",
    }  # fmt: skip
    assert [(one.type, one.at, one.about) for one in row.said] == [
        ("card_exchanged", datetime(2026, 11, 17, 15, tzinfo=UTC), {"exhibition": "expo"})
    ]
    assert len(bad) == 2


@pytest.mark.parametrize(
    "reader", [zoom("s", TOKYO), teams("s", TOKYO), Cards({}, TOKYO, NOW), MappedActivities(None, TOKYO)]
)
def test_a_file_of_another_shape_is_said_to_be_one(reader: Reader) -> None:
    with pytest.raises(Invalid):
        read(reader, "会社,名前\n例示,山田\n")


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [("58", 58), ("58.9", 58), ("1h 2m 3s", 62), ("59m 45s", 59), ("45s", 0), ("1 時間 2 分", 62), ("00:58:10", 58),
     ("５８", 58), ("--", None), ("", None)],
)  # fmt: skip
def test_durations(cell: str, minutes: int | None) -> None:
    assert minutes_of(cell) == minutes


@pytest.mark.parametrize("cell", ["soon", "-5", "1h 2x", "99999999", "1e9"])
def test_what_is_no_duration_is_refused(cell: str) -> None:
    with pytest.raises(BadCell):
        minutes_of(cell)


@given(st.text(max_size=40))
def test_no_cell_is_a_stack_trace(text: str) -> None:
    for parse in (minutes_of, lambda cell: time_of(cell, TOKYO)):
        try:
            parse(text)
        except BadCell:
            continue


@given(st.binary(max_size=400))
def test_no_file_is_a_stack_trace(data: bytes) -> None:
    for reader in (zoom("s", TOKYO), teams("s", TOKYO), Cards({}, TOKYO, NOW), MappedActivities(None, TOKYO)):
        try:
            for record in records_of(lambda at: io.BytesIO(data[at:])).records:
                list(reader.read(record))
            list(reader.end())
        except Invalid:
            continue


def test_a_mapping_says_what_each_column_becomes() -> None:
    mapping = ActivityMapping.model_validate({
        "source": "tool", "about": {"seminar": "spring"}, "ignore": ["備考"],
        "columns": {
            "メール": "lead", "日時": "at", "状態": "type", "満足度": "secondary.rating", "分": "about.minutes",
        },
        "types": {"参加": "seminar_attended"},
    })  # fmt: skip
    text = "メール,日時,状態,満足度,分,備考\ntaro@example.jp,2026/11/20 10:00,参加,とても良い,30,=1+1\n"
    text += "x,2026/11/20,参加,,,\n"
    rows, bad = read(MappedActivities(mapping, TOKYO), text)
    (row,) = rows
    assert (row.said[0].type, dict(row.said[0].about)) == ("seminar_attended", {"seminar": "spring", "minutes": "30"})
    assert row.attributes == {"primary": {}, "secondary": {"rating": "とても良い"}}
    assert [one.line for one in bad] == [3]
    with pytest.raises(Invalid, match="備考"):
        read(MappedActivities(mapping.model_copy(update={"ignore": ()}), TOKYO), text)
    with pytest.raises(Invalid, match="no column"):
        read(MappedActivities(mapping, TOKYO), "メール\nx\n")


@pytest.mark.parametrize(
    "body",
    [
        {"columns": {"a": "lead"}}, {"columns": {"a": "at", "b": "lead"}},
        {"columns": {"a": "lead", "b": "lead", "c": "at"}, "type": "call_made"},
        {"columns": {"a": "lead", "b": "at", "c": "type"}, "type": "call_made"}, {"columns": {"a": "tertiary.x"}},
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_suffice_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ActivityMapping.model_validate({"source": "tool", **body})


def test_deals_of_a_csv_are_read_with_localised_numbers_and_dates() -> None:
    mapping = DealMapping.model_validate({
        "source": "crm", "currency": "JPY", "stages": {"受注": "won"},
        "columns": {
            "商談ID": "id", "フェーズ": "stage", "金額": "amount", "完了予定日": "expected_close", "メール": "lead",
        },
    })  # fmt: skip
    reader = MappedDeals(mapping, TOKYO, NOW)
    text = "商談ID,フェーズ,金額,完了予定日,メール\nD-1,受注,￥１，２００，０００,2027年3月31日,taro@example.jp\n" \
           "D-2,受注,1.200.000,,\nD-3,受注,5,2027-02-30,\n,受注,5,,\n"  # fmt: skip
    data = text.encode("cp932")
    found = [reader.read(record) for record in records_of(lambda at: io.BytesIO(data[at:]), ",").records]
    assert found[0] is None and isinstance(found[1], tuple)
    row = found[1][1]
    assert (row.id, row.stage, str(row.money), str(row.expected_close)) == ("D-1", "won", "JPY 1,200,000", "2027-03-31")
    assert [one.line for one in found[2:] if isinstance(one, BadRow)] == [3, 4, 5]


def test_a_long_file_is_read_row_by_row() -> None:
    """The memory of a file of any size is the one of some rows."""
    row = b"taro%07d@example.co.jp,call_made,2026/11/20 10:00\n"

    class Endless(io.RawIOBase):
        number = -1

        def read(self, size: int = -1) -> bytes:
            self.number += 1
            return b"lead,type,at\n" if self.number == 0 else b"".join(row % number for number in range(1000))

    reader = MappedActivities(None, TOKYO)
    records = iter(Records(cast(io.BufferedReader, Endless()), "utf-8", ","))
    list(reader.read(next(records)))
    tracemalloc.start()
    found = sum(isinstance(one, ReportRow) for _ in range(20_000) for one in reader.read(next(records)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == 20_000
    assert peak < 2_000_000
