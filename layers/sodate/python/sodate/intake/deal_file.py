"""Records the deals of a CSV file, row by row; the same file again changes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sodate.errors import Conflict, Invalid, NotFound
from sodate.imports.reader import BadRow, Record
from sodate.imports.row import Trouble, shortened
from sodate.intake.deal_entry import DealRow
from sodate.intake.deals import DealIntake
from sodate.intake.mapping import MappedDeals


@dataclass
class DealCounts:
    """Rows by what became of them."""

    rows: int = 0
    opened: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True)
class DealFile:
    """`by`: the operator."""

    reader: MappedDeals
    intake: DealIntake
    report: Callable[[Trouble], None]
    by: str | None = None
    counts: DealCounts = field(default_factory=DealCounts)

    def run(self, records: Iterable[Record]) -> DealCounts:
        """Raises: `Invalid` when header and mapping do not fit; `Transient`: the same file again goes on."""
        for record in records:
            if record.cells is not None and not any(cell.strip() for cell in record.cells):
                continue
            row = self.reader.read(record)
            if row is not None:
                self.counts.rows += 1
                self._record(row)
        return self.counts

    def _record(self, row: tuple[int, DealRow] | BadRow) -> None:
        if isinstance(row, BadRow):
            self._refuse(row.line, row.field, row.reason, row.value)
            return
        line, deal = row
        try:
            result = self.intake.record(deal, self.by)
        except (Invalid, NotFound, Conflict) as error:
            name = error.code if isinstance(error, Invalid) else ""
            self._refuse(line, self.reader.column_of(name), str(error), deal.id)
            return
        setattr(self.counts, result.status, getattr(self.counts, result.status) + 1)

    def _refuse(self, line: int, column: str, reason: str, value: str) -> None:
        self.counts.refused += 1
        self.report(Trouble(line, column, reason, shortened(value)))
