"""Records the companies of a CSV file, row by row; the same file again changes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sodate.companies import manage
from sodate.companies.company import Company
from sodate.companies.manage import Description
from sodate.companies.store import load_company, owner_of_domain, owner_of_reference
from sodate.errors import Conflict, Invalid, NotFound
from sodate.imports.reader import BadRow, Record
from sodate.imports.row import Trouble, shortened
from sodate.intake.company_row import CompanyRow, MappedCompanies
from sodate.messages import Message


@dataclass
class CompanyCounts:
    """Rows by what became of them, or would become of them."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass
class CompanyIntake:
    """`source`: whose ids the rows have; None: rows are told by their domain only. `apply`: write, not only plan."""

    source: str | None
    now: datetime
    new_id: Callable[[], str]
    apply: bool = False
    _planned: dict[str, Company] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)

    def record(self, row: CompanyRow) -> str:
        """`created`, `changed` or `unchanged`.

        Raises: `Invalid`; `Conflict` when the row's id and domains are those of two companies; `Transient`.
        """
        if row.id and self.source is None:
            raise Invalid(Message("say which system the ids are of: --source, or `source` of the mapping"), "id")
        names = [f"domain {domain}" for domain in row.domains]
        names += [f"id {row.id}"] if row.id else []
        owners = dict.fromkeys(owner for name in names if (owner := self._owner(name)) is not None)
        if len(owners) > 1:
            raise Conflict(
                Message(
                    "its id and domains are of the companies {companies}; merge them, or correct the row",
                    companies=", ".join(owners),
                )
            )
        external = [(self.source, row.id)] if row.id and self.source else []
        description = Description(row.attributes, row.domains, external)
        if self.apply:
            return self._apply(next(iter(owners), None), description)
        return self._plan(next(iter(owners), None), description, names)

    def _owner(self, name: str) -> str | None:
        what, _, value = name.partition(" ")
        if name in self._owners:
            return self._owners[name]
        return owner_of_domain(value) if what == "domain" else owner_of_reference(self.source or "", value)

    def _apply(self, company_id: str | None, description: Description) -> str:
        if company_id is None:
            manage.create(description, self.now, self.new_id)
            return "created"
        return "changed" if manage.describe(company_id, description)[1] else "unchanged"

    def _plan(self, company_id: str | None, description: Description, names: list[str]) -> str:
        """As `_apply`, of what the rows before would have written."""
        before = None
        if company_id is not None:
            before = self._planned.get(company_id) or load_company(company_id)[0]
        after = description.applied(before or Company(self.new_id()))
        self._planned[after.id] = after
        self._owners |= dict.fromkeys(names, after.id)
        return "created" if before is None else "unchanged" if after == before else "changed"


@dataclass(frozen=True)
class CompanyFile:
    reader: MappedCompanies
    intake: CompanyIntake
    report: Callable[[Trouble], None]
    counts: CompanyCounts = field(default_factory=CompanyCounts)

    def run(self, records: Iterable[Record]) -> CompanyCounts:
        """Raises: `Invalid` when header and mapping do not fit; `Transient`: the same file again goes on."""
        has_header = False
        for record in records:
            if record.cells is not None and not any(cell.strip() for cell in record.cells):
                continue
            row = self.reader.read(record)
            has_header = True
            if row is not None:
                self.counts.rows += 1
                self._record(row)
        if not has_header:
            raise Invalid(Message("the file is empty; its first line must name the columns"), "header")
        return self.counts

    def _record(self, row: CompanyRow | BadRow) -> None:
        if isinstance(row, BadRow):
            self._refuse(row.line, row.field, row.reason, row.value)
            return
        try:
            status = self.intake.record(row)
        except (Invalid, NotFound, Conflict) as error:
            self._refuse(row.line, getattr(error, "code", "id"), str(error), row.id or " ".join(row.domains))
            return
        setattr(self.counts, status, getattr(self.counts, status) + 1)

    def _refuse(self, line: int, column: str, reason: str, value: str) -> None:
        self.counts.refused += 1
        self.report(Trouble(line, column, reason, shortened(value)))
