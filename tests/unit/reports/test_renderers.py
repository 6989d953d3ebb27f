"""One document, many renderers: they show the same figures, and no text of a lead or a marketer becomes code."""

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.reports.as_csv import as_csv
from sodate.reports.as_json import as_json
from sodate.reports.as_text import as_text, bars_of, width
from sodate.reports.catalogs import languages, words_in
from sodate.reports.document import Block, Column, Drawing, Figure, Reason, Report, Unit, table
from sodate.reports.numbers import shown
from sodate.reports.page import ChartLibrary, page, page_of

from tests.support.sample_reports import AS_OF, HOSTILE, PERIOD, SAMPLES, frame

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "report" / "report.v1.json").read_text())
EVERY = pytest.mark.parametrize("kind", sorted(SAMPLES))
IN_EACH_LANGUAGE = pytest.mark.parametrize("language", languages())
SIZES = pytest.mark.parametrize("rows", [0, 1, 200])


class Tables(HTMLParser):
    """Tables as lists of rows of texts, and every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None and (not self.open or self.open[-1] != "small"):
            self._cell.append(data)


def parsed(html: str) -> Tables:
    tables = Tables()
    tables.feed(html)
    return tables


def figures_of(document: dict[str, Any]) -> Iterator[tuple[str, list[list[Any]]]]:
    for block in document["blocks"]:
        if block["rows"]:
            yield block["id"], [[row[column["id"]] for column in block["columns"]] for row in block["rows"]]


def from_json(cell: Any) -> Figure | str | None:
    if cell is None or isinstance(cell, str):
        return cell
    reason = Reason(cell["not_defined"]) if "not_defined" in cell else None
    interval = tuple(cell["interval"]) if "interval" in cell else None
    return Figure(cell["value"], Unit(cell["unit"]), cell.get("currency", ""), interval, reason)


# -- the same figures --------------------------------------------------------------------------------------------------


@EVERY
@IN_EACH_LANGUAGE
@SIZES
def test_every_figure_of_the_page_is_one_of_the_document(kind: str, language: str, rows: int) -> None:
    report, words = SAMPLES[kind](language, rows), words_in(language)
    document = as_json(report)
    jsonschema.validate(document, SCHEMA)
    html = page(report, words)
    in_tables = [[row for row in one[1:]] for one in parsed(html).tables]
    expected = [[[shown(from_json(cell), words) for cell in row] for row in rows] for _, rows in figures_of(document)]
    assert [[[cell.strip() for cell in row] for row in one] for one in in_tables] == [
        [[cell.strip() for cell in row] for row in one] for one in expected
    ]


@EVERY
@SIZES
def test_the_values_that_the_script_draws_are_those_of_the_document(kind: str, rows: int) -> None:
    report = SAMPLES[kind]("en", rows)
    drawn = [float(str(one["data-v"])) for _, one in parsed(page(report, words_in("en"))).tags if "data-v" in one]
    money = {figure.value for figure in report.figures() if figure.unit is Unit.MONEY}
    plain = [f.value for f in report.figures() if f.value is not None]
    assert len(drawn) == len(plain)
    assert all(one in drawn or one in money for one in plain)


@EVERY
@IN_EACH_LANGUAGE
@SIZES
def test_csv_has_every_figure_as_a_plain_number(kind: str, language: str, rows: int) -> None:
    report = SAMPLES[kind](language, rows)
    text = as_csv(report, words_in(language))
    assert text.startswith("\ufeff") and "\r\n" in text
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    cells = {cell for line in lines for cell in line}
    counts = [f for f in report.figures() if f.unit is Unit.COUNT and f.value is not None]
    assert {str(figure.value) for figure in counts} <= cells
    assert not any(re.match(r"[=+@\t\r＝＋＠]", cell) for cell in cells)
    assert not any(cell in ("inf", "nan", "None") for cell in cells)


@EVERY
@IN_EACH_LANGUAGE
def test_lines_of_text_are_aligned_also_in_full_width(kind: str, language: str) -> None:
    text = as_text(SAMPLES[kind](language), words_in(language))
    assert text.splitlines()[0]
    block = next(part.splitlines()[1:] for part in text.split("■ ")[1:] if part)
    assert block and all(width(line) <= 300 for line in block)


def test_a_page_of_equal_reports_has_equal_bytes() -> None:
    assert page(SAMPLES["kpi"]("ja"), words_in("ja")) == page(SAMPLES["kpi"]("ja"), words_in("ja"))


# -- nothing becomes code ----------------------------------------------------------------------------------------------

LIBRARY = ChartLibrary("/* licence */ window.echarts = {}; // </script> <!--")


@given(text=st.text(max_size=60) | st.just(HOSTILE), value=st.floats(allow_nan=False, allow_infinity=False, width=32))
@settings(max_examples=150, deadline=None)
def test_any_title_name_and_note_stays_text(text: str, value: float) -> None:
    columns = [Column("name", text), Column("value", text, Unit.PERCENT)]
    figure = Figure(value, Unit.PERCENT, interval=(value, value))
    block = Block("one", text, table(columns, [(text, figure)]), Drawing.BARS, ("value",), (text,))
    report = Report("kpi", text, "ja", PERIOD, AS_OF, (block,), notes=(text,))
    found = parsed(page(report, words_in("ja"), LIBRARY))
    assert not found.wrong and not found.open
    assert [tag for tag, _ in found.tags].count("script") == 2
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    for line in csv.reader(io.StringIO(as_csv(report, words_in("ja")).removeprefix("\ufeff"))):
        assert not any(cell[:1] in ("=", "+", "@", "＝", "＋", "＠") for cell in line)
    json.loads(json.dumps(as_json(report), allow_nan=False))


def test_the_scripts_of_a_page_do_not_depend_on_the_data_and_only_they_may_run() -> None:
    pages = [page(SAMPLES[kind]("ja"), words_in("ja"), LIBRARY) for kind in SAMPLES]
    scripts = {tuple(re.findall(r"<script>(.*?)</script>", one, re.S)) for one in pages}
    assert len(scripts) == 1
    assert len(next(iter(scripts))) == 2
    for one in pages:
        assert 'content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; script-src' in one
        assert "http" not in re.sub(r"https://example\.jp[^<\"]*", "", one.split("<main>")[1].split("</main>")[0])


def test_a_page_without_the_library_has_no_script_at_all() -> None:
    html = page(SAMPLES["kpi"]("en"), words_in("en"))
    assert "<script" not in html and "script-src" not in html


@EVERY
@IN_EACH_LANGUAGE
def test_a_page_is_well_formed_has_unique_ids_and_names_its_tables(kind: str, language: str) -> None:
    found = parsed(page_of([SAMPLES[kind](language), SAMPLES["sales"](language)], "all", words_in(language), LIBRARY))
    assert not found.wrong and not found.open
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    tags = [tag for tag, _ in found.tags]
    assert tags.count("caption") == tags.count("table") and tags.count("h1") == 2
    images = [attributes for tag, attributes in found.tags if attributes.get("role") == "img"]
    assert all(one["aria-label"] for one in images)


# -- what is drawn -----------------------------------------------------------------------------------------------------


def test_amounts_in_two_currencies_are_not_drawn_on_one_axis() -> None:
    columns = [Column("name", "name"), Column("spend", "spend", Unit.MONEY)]
    yen, dollars = Figure(100, Unit.MONEY, "JPY"), Figure(100, Unit.MONEY, "USD")

    def html(*rows: Figure) -> str:
        named = [(str(number), figure) for number, figure in enumerate(rows)]
        block = Block("one", "one", table(columns, named), Drawing.BARS, ("spend",))
        return page(Report("campaign", "t", "en", PERIOD, AS_OF, (block,)), words_in("en"), LIBRARY)

    assert "<figure" in html(yen, yen)
    assert "<figure" not in html(yen, dollars)


def test_a_bar_is_as_long_as_its_share_of_the_largest_figure() -> None:
    report = SAMPLES["funnel"]("en")
    bars = bars_of(report.blocks[0])
    assert bars is not None
    assert bars[0] == "█" * 16 and all(one for one in bars) and len(bars[1]) <= 1


def test_both_languages_have_the_same_words() -> None:
    first, *others = (words_in(language).words for language in languages())
    for other in others:
        assert {name: set(part) for name, part in first.items()} == {name: set(part) for name, part in other.items()}


def test_every_sample_is_in_the_language_that_was_asked_for() -> None:
    for build in SAMPLES.values():
        assert build("ja").title != build("en").title
    assert frame("en").report("kpi", []).title == "KPI report"


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "＝1+1", "@SUM(A1)", "+1", "-1+1", "\t=1", "'=1"])
def test_a_name_that_a_spreadsheet_would_execute_gets_an_apostrophe(text: str) -> None:
    block = Block("one", text, table([Column("name", text)], [(text,)]), notes=(text,))
    report = Report("kpi", text, "en", PERIOD, AS_OF, (block,), notes=(text,))
    lines = csv.reader(io.StringIO(as_csv(report, words_in("en")).removeprefix("\ufeff")))
    cells = [line[0] for line in lines if line and text.strip("'\t") in line[0]]
    assert len(cells) == 6 and all(cell == f"'{text}" for cell in cells)
