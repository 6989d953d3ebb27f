"""Cells in and out: nothing is guessed on the way in, nothing runs on the way out, and both ways it is the same."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.imports.cells import BadCell, clean, escaped, moment, read
from sodate.imports.mapping import Column

TOKYO = ZoneInfo("Asia/Tokyo")


def column(kind: str, **more: Any) -> Column:
    return Column.model_validate({"to": "secondary.x", "type": kind, **more})


@pytest.mark.parametrize("text", ["=1+1", "+81-3", "-cmd", "@sum", "＝1", "＋1", "－1", "＠x", "'=1", "''@x", "=\t"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe_and_loses_it_again(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert clean(escaped(text)) == text.strip()


@pytest.mark.parametrize(("value", "cell"), [(-5, "-5"), (1.5, "1.5"), (1e-7, "0.0000001"), ("-12.5", "-12.5")])
def test_numbers_stay_numbers(value: Any, cell: str) -> None:
    assert escaped(value) == cell


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Co"), exclude_characters="\ufffd"), max_size=20))
def test_every_text_comes_back(text: str) -> None:
    text = text.strip().strip("\ufeff").strip()
    assert clean(escaped(text)) == text


@pytest.mark.parametrize("text", ["株式\ufffd会社", "\udc83", "a\uf8f0"])
def test_what_a_wrong_encoding_has_left_is_no_text_and_the_error_says_what_to_do(text: str) -> None:
    with pytest.raises(BadCell, match=r"^bytes that are not text.*save the file as UTF-8"):
        clean(text)
    with pytest.raises(BadCell, match=r"^name: "):
        clean(text, "name")


@pytest.mark.parametrize(
    ("text", "value"), [("1,038", 1038), ("２.5", 2.5), ("4.0", 4), ("-3", -3), ("1e3", 1000), ("0.1", 0.1)]
)
def test_numbers_are_numbers(text: str, value: float) -> None:
    result = read(column("number"), text)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize("text", ["abc", "1.2.3", "NaN", "Infinity", "1e99", "0.12345678901234567890", "=1"])
def test_what_is_no_number_or_would_lose_digits_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        read(column("number"), text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-20", datetime(2026, 11, 19, 15, tzinfo=UTC)),
        ("2026/1/2 9:05", datetime(2026, 1, 2, 0, 5, tzinfo=UTC)),
        ("２０２６年１１月２０日", datetime(2026, 11, 19, 15, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20 10:00:00+01:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
    ],
)
def test_dates_as_people_write_them(text: str, at: datetime) -> None:
    assert moment(text, TOKYO) == at


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "20261120", "11/20/2026", "昨日", "1800-01-01", "2026"])
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(BadCell):
        moment(text, TOKYO)


def test_yes_no_and_choices_are_compared_folded() -> None:
    assert read(column("bool"), "ＹＥＳ") is True
    assert read(column("bool"), "いいえ") is False
    assert read(column("choice", choices={"ﾌﾞﾁｮｳ": "manager"}), "ブチョウ") == "manager"
    for kind, more in (("bool", {}), ("choice", {"choices": ["a"]})):
        with pytest.raises(BadCell):
            read(column(kind, **more), "perhaps")


def test_long_text_and_control_characters_are_refused() -> None:
    with pytest.raises(BadCell, match="501 characters"):
        read(column("text"), "x" * 501)
    for cell in ("a\x00b", "a\x1bb"):
        with pytest.raises(BadCell, match="control"):
            clean(cell)
    with pytest.raises(BadCell, match="encoding"):
        clean("a\udcff")
