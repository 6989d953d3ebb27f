"""A report as pure values. Every renderer reads the same document, so terminal, CSV, JSON, page and email agree.

A block is a table, always: a drawing says which of its columns are shown how, and adds no number of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sodate.kpis import formula

#: Of every interval of a report.
CONFIDENCE = 0.95


class Unit(StrEnum):
    COUNT = "count"
    NUMBER = "number"
    PERCENT = "percent"
    """0 to 100 of a share; ROI may be below 0 and above 100."""
    MONEY = "money"
    """In the smallest unit of the currency: yen, cents."""
    SECONDS = "seconds"
    HOURS = "hours"
    DAYS = "days"
    POINTS = "points"


class Reason(StrEnum):
    """Why a figure has no value."""

    NOTHING_TO_DIVIDE_BY = "nothing_to_divide_by"
    NO_COST = "no_cost"
    NO_DATA = "no_data"
    """Nobody said it: no ads were imported."""
    SEVERAL_CURRENCIES = "several_currencies"
    TOO_FEW = "too_few"
    """A cell that is so small that it could tell who somebody is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` None: not defined, for `reason`; without a reason, not measured. `interval`: of 95 %, in the same unit.

    `currency`: ISO 4217, of money only.
    """

    value: int | float | None
    unit: Unit = Unit.COUNT
    currency: str = ""
    interval: tuple[float, float] | None = None
    reason: Reason | None = None

    @property
    def is_not_defined(self) -> bool:
        return self.value is None and self.reason is not None


Cell = str | Figure | None


@dataclass(frozen=True, slots=True)
class Column:
    """`id`: the key in JSON and CSV. `unit` None: text."""

    id: str
    label: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The first column names the row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, column_id: str) -> int:
        return next(number for number, column in enumerate(self.columns) if column.id == column_id)


class Drawing(StrEnum):
    TILES = "tiles"
    """A few figures in large type: the first row's label and its first figure."""
    BARS = "bars"
    LINES = "lines"
    FUNNEL = "funnel"
    """The drawn column from wide to narrow."""
    HEAT_MAP = "heat_map"
    """The drawn columns are tinted by their share of the largest value."""


@dataclass(frozen=True, slots=True)
class Block:
    """`drawn`: ids of the columns that the drawing shows. `notes`: sentences below. `nothing`: instead of no rows."""

    id: str
    title: str
    table: Table
    drawing: Drawing | None = None
    drawn: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    term: str
    meaning: str
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """`first` and `last` day, both included, in `time_zone`."""

    first: date
    last: date
    time_zone: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Report:
    """`kind`: e.g. `kpi`; `subject`: the id of what is reported on, empty for all. `as_of`: when it was made."""

    kind: str
    title: str
    language: str
    period: Period
    as_of: datetime
    blocks: tuple[Block, ...]
    definitions: tuple[Definition, ...] = ()
    notes: tuple[str, ...] = ()
    subject: str = field(default="")

    def figures(self) -> Iterator[Figure]:
        for block in self.blocks:
            for row in block.table.rows:
                yield from (cell for cell in row if isinstance(cell, Figure))


def share(part: int, whole: int) -> Figure:
    """`part` of `whole` in percent, with its interval; not defined of nothing. Without one where `part` exceeds it."""
    value = formula.percent(part, whole)
    if isinstance(value, formula.Ratio):
        return Figure(value.value, Unit.PERCENT, interval=value.interval)
    return Figure(None, Unit.PERCENT, reason=Reason.NOTHING_TO_DIVIDE_BY)


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Table:
    return Table(tuple(columns), tuple(tuple(row) for row in rows))
