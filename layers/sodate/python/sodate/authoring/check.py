"""Load, compile and lint: the whole judgement over a playbook, with every problem in the order of the files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sodate.authoring.compile.template import Compiled, compile_template
from sodate.authoring.lint import lint
from sodate.authoring.loader import Playbook, load, unread_files
from sodate.playbook.problem import Problem, errors
from sodate.playbook.store import ONLY, Kind
from sodate.segments.segment import SegmentSet


@dataclass(frozen=True)
class Definition:
    kind: Kind
    id: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    playbook: Playbook
    compiled: list[Compiled]
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        return not errors(self.problems)

    def definitions(self) -> list[Definition]:
        """What `apply` publishes, in dependency order: whoever reads one finds what it refers to.

        Bodies are written out with all defaults, so a later release with other defaults does not change what a
        stored version means. Only meaningful when `ok`.
        """
        book = self.playbook
        found = [
            Definition("template", c.doc.id, c.template.model_dump(mode="json")) for c in self.compiled if c.template
        ]
        singles: list[tuple[Kind, Any]] = [("mailing", book.mailing), ("sales", book.sales), ("rules", book.rules)]
        for kind, doc in singles:
            if doc is not None and doc.model is not None:
                body = doc.model.model_dump(mode="json", exclude={"fields"} if kind == "mailing" else None)
                found.append(Definition(kind, ONLY, body))
        if book.segments is not None and book.segments.model is not None and book.mailing and book.mailing.model:
            mailing = book.mailing.model
            segments = SegmentSet(
                time_zone=mailing.sender.time_zone, calendar=mailing.calendar, segments=book.segments.model.segments
            )
            found.append(Definition("segments", ONLY, segments.model_dump(mode="json")))
        for sequence in book.sequences:
            if sequence.model is not None:
                found.append(Definition("sequence", sequence.id, sequence.model.model_dump(mode="json")))
        for form in book.forms:
            if form.model is not None:
                found.append(Definition("form", form.id, form.model.model_dump(mode="json")))
        return found


def check(directory: Path, overrides: Mapping[str, Any] | None = None) -> Checked:
    """Never raises for bad input."""
    book = load(directory, overrides)
    problems = list(book.problems)
    compiled = []
    for doc in book.templates:
        result, found = compile_template(book.source, doc)
        compiled.append(result)
        problems += found
    problems += lint(book, compiled)
    if book.mailing is not None:
        problems += unread_files(book)
    return Checked(book, compiled, sorted(set(problems)))
