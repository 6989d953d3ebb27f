"""KPIs of a period: each with what it is made of, its interval, its target, and the robots beside it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sodate.reports.document import Block, Cell, Column, Definition, Drawing, Figure, Report, Unit, table
from sodate.reports.frame import Frame


@dataclass(frozen=True)
class KpiRow:
    """`part` of `whole`: what a rate is made of; None: the KPI is no rate. `robots`: the share of it that machines did.
    `attainment`: percent of the target. `is_headline`: it has a tile.
    """

    id: str
    label: str
    figure: Figure
    part: int | None = None
    whole: int | None = None
    target: Figure | None = None
    attainment: Figure | None = None
    robots: Figure | None = None
    previous: Figure | None = None
    is_headline: bool = False
    definition: Definition | None = None


@dataclass(frozen=True)
class KpiGroup:
    id: str
    title: str
    rows: Sequence[KpiRow]


@dataclass(frozen=True)
class DaySeries:
    """Counts per day. `names`: id and label of each series; `days`: day → its counts in that order."""

    names: Sequence[tuple[str, str]]
    days: Sequence[tuple[date, Sequence[int]]]


_COLUMNS = (
    ("kpi", None), ("value", Unit.NUMBER), ("made_of", None), ("target", Unit.NUMBER), ("attainment", Unit.PERCENT),
    ("robot_share", Unit.PERCENT), ("previous", Unit.NUMBER),
)  # fmt: skip


def kpi_report(groups: Sequence[KpiGroup], series: DaySeries | None, frame: Frame) -> Report:
    blocks = [_headlines(groups, frame), *([_days(series, frame)] if series is not None else [])]
    blocks += [_group(one, frame) for one in groups]
    definitions = [row.definition for group in groups for row in group.rows if row.definition is not None]
    if any(row.robots is not None for group in groups for row in group.rows):
        definitions += frame.define("robot_share")
    notes = [frame.text("people_only")]
    return frame.report("kpi", blocks, definitions=list(dict.fromkeys(definitions)), notes=notes)


def _headlines(groups: Sequence[KpiGroup], frame: Frame) -> Block:
    rows = [(row.label, row.figure, row.target) for group in groups for row in group.rows if row.is_headline]
    columns = [frame.column(*one) for one in (_COLUMNS[0], _COLUMNS[1], _COLUMNS[3])]
    title, nothing = frame.words.text("block", "headlines"), frame.text("nothing")
    return Block("headlines", title, table(columns, rows), Drawing.TILES, ("value",), nothing=nothing)


def _days(series: DaySeries, frame: Frame) -> Block:
    columns = [frame.column("day"), *(Column(name, label, Unit.COUNT) for name, label in series.names)]
    rows: list[tuple[Cell, ...]] = [
        (day.isoformat(), *(Figure(number) for number in numbers)) for day, numbers in series.days
    ]
    title, nothing = frame.words.text("block", "days"), frame.text("nothing")
    drawn = tuple(name for name, _ in series.names)
    return Block("days", title, table(columns, rows), Drawing.LINES, drawn, nothing=nothing)


def _group(group: KpiGroup, frame: Frame) -> Block:
    rows = [_row(row, frame) for row in group.rows]
    kept = [
        number
        for number, column in enumerate(_COLUMNS)
        if column[0] in _ALWAYS or any(row[number] is not None for row in rows)
    ]
    columns = [frame.column(*_COLUMNS[number]) for number in kept]
    shown = [[row[number] for number in kept] for row in rows]
    return Block(f"kpi_{group.id}", group.title, table(columns, shown), nothing=frame.text("nothing"))


_ALWAYS = ("kpi", "value")


def _row(row: KpiRow, frame: Frame) -> tuple[Cell, ...]:
    made_of = None if row.part is None else f"{row.part:,} / {row.whole or 0:,}"
    return (row.label, row.figure, made_of, row.target, row.attainment, row.robots, row.previous)
