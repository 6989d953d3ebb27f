"""A report as lines of text: for the text part of an email, and the bars that the terminal shows. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

from sodate.reports.document import Block, Cell, Drawing, Figure, Report
from sodate.reports.numbers import shown, shown_interval, shown_period, shown_time
from sodate.web.words import Words

_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 16
#: Longest text of a cell.
_WIDEST = 40


def as_text(report: Report, words: Words, most_rows: int = 1000) -> str:
    """`most_rows`: of one block; how many are left out is said."""
    return "\n".join(_lines(report, words, most_rows)) + "\n"


def cells_of(row: Sequence[Cell], words: Words) -> list[str]:
    """Each cell as text, with its interval in brackets."""
    return [with_interval(cell, words) for cell in row]


def with_interval(cell: Cell, words: Words) -> str:
    text = shown(cell, words)
    interval = shown_interval(cell, words) if isinstance(cell, Figure) else ""
    return f"{text} ({interval})" if interval else text


def bars_of(block: Block) -> list[str] | None:
    """One bar per row for the first drawn column; None for a block without bars, or without a figure above 0."""
    if block.drawing in (None, Drawing.TILES, Drawing.HEAT_MAP) or not block.drawn:
        return None
    column = block.table.column(block.drawn[0])
    values = [_value(row[column]) for row in block.table.rows]
    top = max(values, default=0)
    return [bar(value / top) for value in values] if top > 0 else None


def bar(part: float) -> str:
    """`part`: 0 to 1 of a full bar."""
    eighths = round(max(0.0, min(1.0, part)) * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip() or ("▏" if part > 0 else "")


def width(text: str) -> int:
    """Columns that the text takes in a terminal: a full-width character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _value(cell: Cell) -> float:
    return float(cell.value) if isinstance(cell, Figure) and cell.value is not None else 0.0


def _lines(report: Report, words: Words, most_rows: int) -> Iterator[str]:
    yield report.title
    zone = report.period.time_zone
    yield shown_period(report.period, words)
    yield f"{words.text('page', 'as_of')} {shown_time(report.as_of, zone, words)} ({zone})"
    yield from report.notes
    for block in report.blocks:
        yield ""
        yield f"■ {block.title}"
        yield from _block(block, words, most_rows)
        yield from block.notes
    if report.definitions:
        yield ""
        yield f"■ {words.text('page', 'definitions')}"
        for one in report.definitions:
            yield f"{one.term}: {one.meaning}" + (f" [{one.formula}]" if one.formula else "")


def _block(block: Block, words: Words, most_rows: int) -> Iterator[str]:
    rows = block.table.rows
    if not rows:
        yield block.nothing or words.text("page", "nothing")
        return
    texts = [[column.label for column in block.table.columns]]
    texts += [[_fitted(text) for text in cells_of(row, words)] for row in rows[:most_rows]]
    widths = [max(width(line[number]) for line in texts) for number in range(len(texts[0]))]
    numeric = [column.unit is not None for column in block.table.columns]
    for line in texts:
        yield "  ".join(_padded(*one) for one in zip(line, widths, numeric, strict=True)).rstrip()
    if len(rows) > most_rows:
        yield words.text("page", "more_rows", number=len(rows) - most_rows)


def _padded(text: str, columns: int, is_number: bool) -> str:
    space = " " * (columns - width(text))
    return f"{space}{text}" if is_number else f"{text}{space}"


def _fitted(text: str) -> str:
    text = " ".join(text.split())
    if width(text) <= _WIDEST:
        return text
    cut = ""
    for character in text:
        if width(cut) + width(character) > _WIDEST - 1:
            break
        cut += character
    return f"{cut}…"
