"""A report as CSV that a spreadsheet opens as it is and never executes: UTF-8 with a byte order mark. Pure.

Each block is its title, its column heads and its rows, with an empty line after it. Numbers are plain, with the unit in
the head; a figure with an interval has two more columns.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from sodate.imports.cells import escaped
from sodate.imports.report import BOM
from sodate.reports.document import Block, Cell, Column, Figure, Report, Unit
from sodate.reports.numbers import major, shown, shown_period, shown_time
from sodate.web.words import Words


def as_csv(report: Report, words: Words) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerows([escaped(cell) for cell in row] for row in _rows(report, words))
    return BOM + buffer.getvalue()


def _rows(report: Report, words: Words) -> Iterator[Sequence[object]]:
    yield [report.title]
    zone = report.period.time_zone
    yield [words.text("page", "of_period"), shown_period(report.period, words)]
    yield [words.text("page", "as_of"), f"{shown_time(report.as_of, zone, words)} ({zone})"]
    for note in report.notes:
        yield [note]
    for block in report.blocks:
        yield from _block(block, words)
    if report.definitions:
        yield []
        yield [words.text("page", "definitions")]
        yield from ([one.term, one.meaning, one.formula] for one in report.definitions)


def _block(block: Block, words: Words) -> Iterator[Sequence[object]]:
    yield []
    yield [block.title]
    rows, columns = block.table.rows, block.table.columns
    with_interval = {number for number in range(len(columns)) if any(_interval(row[number]) for row in rows)}
    heads: list[object] = []
    for number, column in enumerate(columns):
        heads.append(_head(column, rows, number, words))
        if number in with_interval:
            heads += [f"{column.label} {words.text('page', end)}" for end in ("low", "high")]
    yield heads
    for row in rows:
        cells: list[object] = []
        for number, cell in enumerate(row):
            cells.append(_value(cell, words))
            if number in with_interval:
                cells += _interval(cell) or ["", ""]
        yield cells
    yield from ([note] for note in block.notes)


def _head(column: Column, rows: tuple[tuple[Cell, ...], ...], number: int, words: Words) -> str:
    """With the unit when every figure of the column has it."""
    if column.unit in (None, Unit.COUNT):
        return column.label
    if column.unit is Unit.MONEY:
        currencies = sorted({cell.currency for row in rows if isinstance(cell := row[number], Figure) if cell.currency})
        return f"{column.label} ({', '.join(currencies)})" if currencies else column.label
    return f"{column.label} ({words.text('unit_name', str(column.unit))})"


def _value(cell: Cell, words: Words) -> object:
    if not isinstance(cell, Figure):
        return cell or ""
    value = major(cell)
    if value is None:
        return shown(cell, words) if cell.is_not_defined else ""
    return round(value, 6) if isinstance(value, float) else value


def _interval(cell: Cell) -> list[object]:
    if not isinstance(cell, Figure) or cell.interval is None:
        return []
    return [round(end, 6) for end in cell.interval]
