"""Reads a CSV file of leads and outcomes into typed columns. Every input error is an `Invalid` with an explanation."""

import csv
import io
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sodate.errors import Invalid
from sodate.leads.text import fold, one_line

from calibration.mapping import Mapping, Named
from calibration.table import Column, Outcomes

MAX_BYTES = 1_000_000_000
MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_CELL = 1_000
MIN_ROWS, MIN_OF_EACH = 200, 30
#: Words for won and lost, after text folding.
_WON = {fold(word) for word in ("1", "1.0", "true", "yes", "won", "はい", "受注", "成約")}
_LOST = {fold(word) for word in ("0", "0.0", "false", "no", "lost", "いいえ", "失注", "不成立")}


@dataclass
class _Cells:
    """One column during reading: each distinct text once, and one code per row."""

    codes: "array[int]" = field(default_factory=lambda: array("i"))
    known: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.codes.append(self.known.setdefault(text, len(self.known)))


def read_outcomes(path: Path, target: str, mapping: Mapping | None = None) -> Outcomes:
    """Read the file. Rows without an outcome (still open) are left out.

    Raises: `Invalid` with what is wrong, where, and what to do.
    """
    text = _decoded(path)
    header, cells, odd = _parsed(path, text)
    names = _named(path, header, mapping)
    at = _target_column(path, header, target)
    won = _outcomes(path, header[at], cells[at])
    closed = np.flatnonzero(~np.isnan(won))
    columns = [_column(named, cells[index]) for index, named in enumerate(names) if named is not None and index != at]
    notes = [f"{odd:,} rows with more or fewer cells than the header were left out"] if odd else []
    if len(closed) < len(won):
        notes.append(f"{len(won) - len(closed):,} rows without an outcome in {header[at]!r} were left out")
    result = Outcomes(tuple(columns), won, tuple(notes)).take(closed)
    _enough(path, result)
    return result


def _decoded(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Invalid(f"{path} is larger than {MAX_BYTES // 1_000_000} MB; take a sample of the leads")
        raw = path.read_bytes()
    except OSError as error:
        raise Invalid(f"cannot read {path}: {error.strerror}") from error
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
    raise Invalid(f"{path} line {line}: neither UTF-8 nor CP932 throughout; save the file in one encoding")


def _parsed(path: Path, text: str) -> tuple[list[str], list[_Cells], int]:
    rows = _rows(path, text)
    header = [one_line(name) for name in next(rows, [])]
    if len(header) < 2:
        raise Invalid(f"{path} line 1: a header with at least two columns, divided by commas, is needed")
    if len(header) > MAX_COLUMNS:
        raise Invalid(f"{path} line 1: {len(header)} columns; at most {MAX_COLUMNS} are read")
    twice = [name for name, count in Counter(map(fold, header)).items() if count > 1]
    if twice:
        raise Invalid(f"{path} line 1: two columns are named {twice[0]!r}; rename one of them")
    cells, odd = _filled(path, rows, len(header))
    if not cells[0].codes:
        raise Invalid(f"{path} has a header and no rows that fit it")
    return header, cells, odd


def _filled(path: Path, rows: Iterator[list[str]], width: int) -> tuple[list[_Cells], int]:
    """The columns, and the number of rows whose width differs from the header."""
    cells, odd = [_Cells() for _ in range(width)], 0
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise Invalid(f"{path}: more than {MAX_ROWS:,} rows; take a sample of the leads")
        if len(row) != width:
            odd += bool(row)
            continue
        for cell, value in zip(cells, row, strict=True):
            cell.add(value[:MAX_CELL])
    return cells, odd


def _rows(path: Path, text: str) -> Iterator[list[str]]:
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), strict=False)
    try:
        yield from reader
    except csv.Error as error:
        raise Invalid(f"{path} line {reader.line_num}: {error}") from error


def _target_column(path: Path, header: Sequence[str], target: str) -> int:
    result = [index for index, name in enumerate(header) if fold(name) == fold(target)]
    if not result:
        some = ", ".join(header[:12]) + (" …" if len(header) > 12 else "")
        raise Invalid(f"{path} line 1: no column {target!r}; say which one tells who was won: --target NAME ({some})")
    return result[0]


def _outcomes(path: Path, name: str, cells: _Cells) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    meaning = {}
    for text in cells.known:
        word = fold(text)
        if word and word not in _WON | _LOST:
            line = cells.codes.index(cells.known[text]) + 2
            raise Invalid(f"{path} row {line}, column {name!r}: {text[:40]!r} is neither 1 (won) nor 0 (lost)")
        meaning[cells.known[text]] = math.nan if not word else float(word in _WON)
    return np.array([meaning[code] for code in cells.codes])


def _enough(path: Path, result: Outcomes) -> None:
    won = int(result.won.sum())
    lost = len(result) - won
    if not won or not lost:
        raise Invalid(f"{path}: every lead was {'lost' if lost else 'won'}; both kinds are needed to learn from")
    if len(result) < MIN_ROWS or min(won, lost) < MIN_OF_EACH:
        raise Invalid(
            f"{path}: {len(result):,} leads, {won:,} won: too little to learn from; at least {MIN_ROWS} leads with"
            f" {MIN_OF_EACH} won and {MIN_OF_EACH} lost are needed"
        )
    if not result.columns:
        raise Invalid(f"{path}: no column is left to learn from")


def _named(path: Path, header: Sequence[str], mapping: Mapping | None) -> list[Named | None]:
    """For each column its attribute; None: not an attribute of the lead."""
    if mapping is None:
        return list(_proposed(header))
    missing = [name for name in mapping.columns if fold(name) not in map(fold, header)]
    if missing:
        raise Invalid(f"{path} line 1: the mapping names the column {missing[0]!r}, which the file has not")
    by_name = {fold(name): named for name, named in mapping.columns.items()}
    return [by_name.get(fold(name)) for name in header]


def _proposed(header: Iterable[str]) -> Iterator[Named]:
    """Without a mapping: attribute paths are kept, all other names go under `secondary.`"""
    taken: set[str] = set()
    for index, name in enumerate(header, start=1):
        is_path = re.fullmatch(r"(primary|secondary|source)\.[a-z][a-z0-9_]{0,39}", name)
        path = name if is_path else f"secondary.{snake(name) or f'column_{index}'}"
        while path in taken:
            path = f"{path[:46]}_{index}"
        taken.add(path)
        yield Named(name, path)


def snake(name: str) -> str:
    """`Total Time Spent` → `total_time_spent`, `TotalVisits` → `total_visits`; Japanese → empty."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    text = re.sub(r"[^a-z0-9]+", "_", fold(words)).strip("_")
    return re.sub(r"^[0-9_]+", "", text)[:40].strip("_")


def _column(named: Named, cells: _Cells) -> Column:
    values = [named.value(text) for text in cells.known]
    codes = np.frombuffer(cells.codes, dtype=np.int32).astype(np.int64)
    numbers = [_number(value) if value else math.nan for value in values]
    if any(values) and all(number is not None for number in numbers):
        return Column(named.name, named.path, np.array(numbers, dtype=np.float64)[codes])
    counts = np.bincount(codes, minlength=len(values))
    spelling: dict[str, str] = {}
    for position in np.argsort(
        -counts, kind="stable"
    ):  # the most frequent spelling represents all that fold to the same text
        if values[position]:
            spelling.setdefault(fold(values[position]), values[position])
    order = {key: code for code, key in enumerate(spelling)}
    positions = np.array([order.get(fold(value), math.nan) if value else math.nan for value in values])
    return Column(named.name, named.path, positions[codes], tuple(spelling.values()))


def _number(text: str) -> float | None:
    """The number, read as in production: full-width digits and thousands separators are accepted."""
    try:
        number = float(fold(text).replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e12 else None
