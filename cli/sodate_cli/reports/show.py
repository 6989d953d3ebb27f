"""A report in the terminal: its tables, with a bar per row where the page has a chart; or CSV, JSON, HTML."""

import sys
from pathlib import Path

from rich.table import Table
from rich.text import Text
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.reports.as_csv import as_csv
from sodate.reports.as_json import as_json
from sodate.reports.as_text import bars_of, cells_of
from sodate.reports.document import Block, Report
from sodate.reports.numbers import shown_period, shown_time
from sodate.reports.page import ChartLibrary, page
from sodate.web.words import Words

from sodate_cli import output
from sodate_cli.local.folder import repository
from sodate_cli.reports.options import Ask

#: Apache ECharts, as `make venv` installs it (package.json).
LIBRARY = Path("node_modules") / "echarts" / "dist" / "echarts.common.min.js"


def show(report: Report, words: Words, ask: Ask) -> None:
    if ask.html is not None:
        write_page(report, words, ask.html)
    if ask.as_json:
        output.show_json(as_json(report))
    elif ask.csv:
        sys.stdout.buffer.write(as_csv(report, words).encode())
        sys.stdout.flush()
    elif ask.html is None:
        _in_terminal(report, words)


def write_page(report: Report, words: Words, file: Path) -> None:
    charts = chart_library()
    if charts is None:
        output.say("Tables without charts: Apache ECharts is not installed; `make venv` in a checkout installs it.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page(report, words, charts), encoding="utf-8")
    except OSError as error:
        output.fail(Message("cannot write {file}: {strerror}", file=file, strerror=error.strerror))
    output.say(Message("written: {file}", file=file))


def chart_library() -> ChartLibrary | None:
    """None without a checkout, or before `make venv`."""
    try:
        return ChartLibrary((repository() / LIBRARY).read_text(encoding="utf-8"))
    except (NotFound, OSError):
        return None


def _in_terminal(report: Report, words: Words) -> None:
    zone = report.period.time_zone
    output.show_text(f"{report.title}\n{shown_period(report.period, words)}")
    output.show_text(f"{words.text('page', 'as_of')} {shown_time(report.as_of, zone, words)} ({zone})")
    for note in report.notes:
        output.show_text(note)
    for block in report.blocks:
        _block(block, words)
    if report.definitions:
        rows = [(one.term, one.meaning, one.formula) for one in report.definitions]
        output.show_table(words.text("page", "definitions"), ("", "", ""), rows)


def _block(block: Block, words: Words) -> None:
    if not block.table.rows:
        output.show_text(f"{block.title}: {block.nothing or words.text('page', 'nothing')}")
        return
    table = Table(title=Text(output.plain(block.title), style="bold"), title_justify="left", header_style="bold")
    for column in block.table.columns:
        justify = "left" if column.unit is None else "right"
        table.add_column(output.plain(column.label), overflow="fold", justify=justify)  # type: ignore[arg-type]
    bars = bars_of(block)
    if bars is not None:
        table.add_column("", no_wrap=True)
    for number, row in enumerate(block.table.rows):
        cells = [Text(output.plain(text)) for text in cells_of(row, words)]
        table.add_row(*cells, *([Text(bars[number])] if bars is not None else []))
    output.show(table)
    for note in block.notes:
        output.show_text(note)
