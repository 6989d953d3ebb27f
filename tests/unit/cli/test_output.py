"""What people see of a value, a table and a letter."""

from typing import Any

import pytest
from sodate_cli import output


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (1.5, "1.5"),
        (3.0, "3"),
        ("text", "text"),
        ([], ""),
        (["a", True, None], "a, yes, –"),
        (("a", ["b", "c"]), "a, b, c"),
        ({}, ""),
        ({"news": "confirmed", "events": None}, "news: confirmed\nevents: –"),
        ({"all": {"attribute": 20, "hot": False}}, "all: attribute 20, hot no"),
        ("\x1b[31mred", "[31mred"),
    ],
)
def test_a_value_is_written_in_words_and_never_as_a_python_literal(value: Any, shown: str) -> None:
    assert output.plain(value) == shown


def test_a_table_without_rows_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table("Left", ("send", "why"), [], nothing="Nothing is left.")
    output.show_table("Left", ("send", "why"), [])
    assert capsys.readouterr().out == "Nothing is left.\nLeft: none.\n"


def test_a_field_without_value_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_fields("Lead", {"owner": None, "flags": [], "hot": False})
    cells = [[cell.strip() for cell in line.split("│")[1:3]] for line in capsys.readouterr().out.splitlines()]
    assert [row for row in cells if row] == [["owner", "–"], ["flags", "–"], ["hot", "no"]]


def test_a_long_value_is_folded_and_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    link = "日本語" * 100
    output.show_table("Links", ("what", "link"), [("mail_clicked", link)])
    output.show_letter("Links", [("", [link], [link])])
    out = capsys.readouterr().out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 80
    joined = "".join(character for character in out if character not in " \n│┃")
    assert joined.count(link) == 3


def test_a_letter_has_headings_sentences_and_lists_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_letter("About [bold]taro", [("", ["First."], []), ("Emails", ["Second."], ["one", "two"])])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["About [bold]taro", "", "First.", "", "Emails", "Second.", "- one", "- two"]


LINK = "https://www.example.jp/preferences/01KAM3Q8ZC5V6T7R8S9W0X1Y2Z?token=eyJhbGciOiJIUzI1NiJ9.abcdefghijklmnop"


@pytest.mark.parametrize("columns", ["40", "80"])
def test_ids_links_and_addresses_are_never_broken(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    rows = [("01KAM3Q8ZC5V6T7R8S9W0X1Y2Z", LINK, "a long text " * 20), ("taro@example.jp", "", "短い")]
    output.show_table("Links", ("id", "link", "text"), rows)
    output.show_fields("Lead", {"link": LINK})
    shown = capsys.readouterr().out
    assert shown.count(LINK) == 2
    assert "01KAM3Q8ZC5V6T7R8S9W0X1Y2Z" in shown
    assert "taro@example.jp" in shown


def test_a_wide_table_folds_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = "a long text " * 20
    output.widen(True)
    try:
        output.show_table("Texts", ("text",), [(text,)])
    finally:
        output.widen(False)
    assert text.strip() in capsys.readouterr().out
