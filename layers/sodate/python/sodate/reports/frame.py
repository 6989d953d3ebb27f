"""What every report is built with: language, period and time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sodate.kpis.catalog import BY_NAME
from sodate.kpis.definition import Kpi, Quotient
from sodate.kpis.definition import Unit as KpiUnit
from sodate.reports.document import Block, Cell, Column, Definition, Drawing, Figure, Period, Report, Unit, table
from sodate.web.words import Words


@dataclass(frozen=True)
class Frame:
    """`as_of`: when the figures were read. `subject`: the id of what is reported on, empty for all."""

    words: Words
    period: Period
    as_of: datetime
    subject: str = ""

    def report(
        self, kind: str, blocks: Iterable[Block], *, definitions: Sequence[Definition] = (), notes: Sequence[str] = ()
    ) -> Report:
        title = self.words.text("title", kind)
        return Report(
            kind=kind,
            title=f"{title}: {self.subject}" if self.subject else title,
            language=self.words.language,
            period=self.period,
            as_of=self.as_of,
            blocks=tuple(blocks),
            definitions=tuple(definitions),
            notes=tuple(notes),
            subject=self.subject,
        )

    def column(self, column_id: str, unit: Unit | None = None) -> Column:
        return Column(column_id, self.words.text("column", column_id), unit)

    def text(self, key: str, **values: object) -> str:
        return self.words.text("text", key, **values)

    def define(self, *terms: str) -> tuple[Definition, ...]:
        """What terms mean: KPIs by their catalog, others by the words of the reports, under their label there."""
        return tuple(map(self._definition, terms))

    def _definition(self, term: str) -> Definition:
        words = self.words.words
        if term not in words["meaning"]:
            return definition_of(BY_NAME[term], self.words.language)
        label = {**words["column"], **words["figure"]}[term]
        return Definition(label, self.words.text("meaning", term), words["formula"].get(term, ""))


def definition_of(kpi: Kpi, language: str) -> Definition:
    """Without the full stop, as the other definitions of a report. A plain count has no formula but itself."""
    is_count = kpi.unit is KpiUnit.COUNT and not isinstance(kpi.counters, Quotient)
    return Definition(
        kpi.label(language), kpi.meaning(language).rstrip("。."), "" if is_count else kpi.formula(language)
    )


@dataclass(frozen=True)
class Drawn:
    """How a block is drawn, and which columns."""

    drawing: Drawing
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """The table of a block while it is built. `columns`: id and unit; None: text."""

    id: str
    columns: Sequence[tuple[str, Unit | None]]
    rows: Sequence[Sequence[Cell]]
    drawn: Drawn | None = None
    notes: tuple[str, ...] = ()
    of: str = field(default="")
    """Added to the title."""

    def block(self, frame: Frame) -> Block:
        title = frame.words.text("block", self.id)
        return Block(
            id=self.id,
            title=f"{title}: {self.of}" if self.of else title,
            table=table([frame.column(*column) for column in self.columns], self.rows),
            drawing=self.drawn.drawing if self.drawn else None,
            drawn=self.drawn.columns if self.drawn else (),
            notes=self.notes,
            nothing=frame.text("nothing"),
        )


def count(value: int | None) -> Figure:
    return Figure(value)
