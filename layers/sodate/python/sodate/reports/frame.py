"""What every report is built with: language, period and time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
        self,
        kind: str,
        blocks: Iterable[Block],
        *,
        definitions: Sequence[Definition] = (),
        notes: Sequence[str] = (),
        of: str = "",
    ) -> Report:
        """`of`: the title of the subject."""
        title = self.words.text("title", kind)
        return Report(
            kind=kind,
            title=f"{title}: {of or self.subject}" if of or self.subject else title,
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
        """Terms of the catalog: their column or figure label, and what it means."""
        labels = {**self.words.words["column"], **self.words.words["figure"]}
        formulas = self.words.words["formula"]
        return tuple(
            Definition(labels[term], self.words.text("meaning", term), formulas.get(term, "")) for term in terms
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
