"""Logs the activities of a CSV file, some hundred rows at a time; the same file again changes nothing."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sodate.activities.declared import DeclaredActivities
from sodate.activities.kinds import kind_named
from sodate.errors import Invalid
from sodate.imports.reader import BadRow, Record
from sodate.imports.row import Trouble, shortened
from sodate.intake.accept import Intake, Result, Verdict, refused
from sodate.intake.entry import ActivityEntry
from sodate.intake.formats import Reader, ReportRow, Said
from sodate.intake.leads import KnownOf, LeadWriter

_CHUNK = 100
#: Reports so many troubles to its caller at once.
Report = Callable[[Sequence[Trouble]], None]


@dataclass
class FileCounts:
    """`unknown`: rows of leads that Sodate does not know, which are among the refused ones."""

    rows: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    unknown: int = 0
    created: int = 0


@dataclass(frozen=True)
class ActivityFile:
    """`attributes`: writes what rows say of leads into their profiles, as imports do; also of those it creates."""

    reader: Reader
    intake: Intake
    declared: DeclaredActivities
    attributes: LeadWriter
    now: datetime
    report: Report
    counts: FileCounts = field(default_factory=FileCounts)

    def run(self, records: Iterable[Record]) -> FileCounts:
        """Raises: `Invalid` for a file that is not of the reader's shape; `Transient`: the same file again goes on."""
        rows = self._rows(records)
        while chunk := list(islice(rows, _CHUNK)):
            self._chunk(chunk)
        return self.counts

    def _rows(self, records: Iterable[Record]) -> Iterator[ReportRow | BadRow]:
        for record in records:
            yield from self.reader.read(record)
        yield from self.reader.end()

    def _chunk(self, chunk: Sequence[ReportRow | BadRow]) -> None:
        self.counts.rows += len(chunk)
        troubles = [
            Trouble(row.line, row.field, row.reason, shortened(row.value)) for row in chunk if isinstance(row, BadRow)
        ]
        self.counts.refused += len(troubles)
        rows = [row for row in chunk if isinstance(row, ReportRow)]
        entries = [(row, self._entry(row, said)) for row in rows for said in row.said]
        results = self.intake.accept([entry for _, entry in entries])
        for (row, _), result in zip(entries, results, strict=True):
            self._count(result)
            if result.verdict is Verdict.REFUSED:
                troubles.append(Trouble(row.line, result.field or "", result.reason or "", _shown(row)))
        known = {row.line for (row, _), result in zip(entries, results, strict=True) if result.lead_id is not None}
        troubles += self._complete([row for row in rows if row.line in known and any(row.attributes.values())])
        self.report(sorted(troubles, key=lambda trouble: trouble.line))

    def _complete(self, rows: Sequence[ReportRow]) -> list[Trouble]:
        if self.intake.dry_run or not rows:
            return []
        said = [KnownOf(row.line, row.ref, row.attributes, _digest(row), row.said[0].at) for row in rows]
        return [
            Trouble(line, "", reason, kind="note") for line, reason in self.attributes.write(said, self.now).items()
        ]

    def _entry(self, row: ReportRow, said: Said) -> ActivityEntry | Result:
        try:
            kind = kind_named(said.type, self.declared)
            kind.read_about(said.about)
        except Invalid as error:
            return refused(error.code, str(error))
        return ActivityEntry(row.ref, kind, said.at, said.about, said.id)

    def _count(self, result: Result) -> None:
        counts = self.counts
        counts.accepted += result.verdict is Verdict.ACCEPTED
        counts.repeated += result.verdict is Verdict.REPEATED
        counts.refused += result.verdict is Verdict.REFUSED
        counts.unknown += result.verdict is Verdict.REFUSED and result.field == "lead"
        counts.created += result.created


def _shown(row: ReportRow) -> str:
    """For the list of the operator who has the file; it is never logged."""
    ref = row.ref
    return shortened(ref.email.typed if ref.email else ref.lead_id or (ref.external[1] if ref.external else ""))


def _digest(row: ReportRow) -> str:
    text = repr((row.ref, sorted((name, sorted(values.items())) for name, values in row.attributes.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
