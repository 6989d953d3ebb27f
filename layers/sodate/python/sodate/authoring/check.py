"""Load, compile and lint: the whole judgement over a playbook, with every problem in the order of the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sodate.authoring.compile.template import Compiled, compile_template
from sodate.authoring.lint import lint
from sodate.authoring.loader import Doc, Playbook, load, unread_files
from sodate.playbook.problem import Problem, errors
from sodate.playbook.store import ONLY, Kind
from sodate.scenarios.crossings import segments_of
from sodate.scenarios.precedence import email_order
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
    settings: Mapping[str, Any] | None = None
    """What `apply` stores so that the next apply on the stage lays it over the files too; None: nothing."""

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
        singles: list[tuple[Kind, Doc[Any] | None]] = [
            ("activities", book.activities), ("mailing", book.mailing), ("sales", book.sales), ("rules", book.rules),
            ("tracking", book.tracking), ("kpis", book.kpis),
            ("reports", book.reports),
        ]  # fmt: skip
        for kind, doc in singles:
            if doc is not None and doc.model is not None:
                body = self._mailing(doc.model) if kind == "mailing" else doc.model.model_dump(mode="json")
                found.append(Definition(kind, ONLY, body | (self._activity_labels() if kind == "sales" else {})))
        segments = self._segments()
        if segments is not None:
            found.append(Definition("segments", ONLY, segments.model_dump(mode="json")))
        many: tuple[tuple[Kind, Sequence[Doc[Any]]], ...] = (
            ("sequence", book.sequences), ("sequence", book.scenarios), ("broadcast", book.broadcasts),
            ("form", book.forms),
        )  # fmt: skip
        found += [
            Definition(kind, doc.id, doc.model.model_dump(mode="json", by_alias=True))
            for kind, docs in many
            for doc in docs
            if doc.model is not None
        ]
        settings = [] if self.settings is None else [Definition("overrides", ONLY, {"settings": dict(self.settings)})]
        return [*found, *self._campaigns(), *settings]

    def _campaigns(self) -> list[Definition]:
        """Days of a campaign are days of the sender."""
        book = self.playbook
        if book.mailing is None or book.mailing.model is None:
            return []
        zone = {"time_zone": book.mailing.model.sender.time_zone}
        found = [
            Definition("campaign", doc.id, doc.model.model_dump(mode="json", by_alias=True) | zone)
            for doc in book.campaigns
            if doc.model is not None
        ]
        if book.attribution is not None and book.attribution.model is not None:
            found.append(Definition("attribution", ONLY, book.attribution.model.model_dump(mode="json")))
        return found

    def _mailing(self, mailing: BaseModel) -> dict[str, Any]:
        """The sender, and what other files say about every email."""
        body: dict[str, Any] = mailing.model_dump(mode="json", exclude={"fields"})
        tracking = self.playbook.tracking.model if self.playbook.tracking else None
        origins = {"tracked_origins": list(tracking.origins)} if tracking and tracking.tokens_in_links else {}
        return body | self._email_order() | origins

    def _activity_labels(self) -> dict[str, Any]:
        declared = self.playbook.activities.model if self.playbook.activities else None
        labels = {one.id: one.label.model_dump() for one in declared.activities} if declared is not None else {}
        return {"activity_labels": labels} if labels else {}

    def _email_order(self) -> dict[str, list[str]]:
        """Of scenarios and sequences, which have no precedence of their own."""
        book = self.playbook
        precedences = {doc.id: 0 for doc in book.sequences}
        precedences |= {doc.id: doc.model.precedence for doc in book.scenarios if doc.model is not None}
        order = email_order(precedences)
        return {"email_order": list(order)} if order else {}

    def _segments(self) -> SegmentSet | None:
        """Those of segments.yaml, and those that entries of scenarios need; None: there are neither."""
        book = self.playbook
        mailing, written = book.mailing.model if book.mailing else None, book.segments.model if book.segments else None
        needed = [segment for doc in book.scenarios if doc.model is not None for segment in segments_of(doc.model)]
        if mailing is None or (written is None and not needed):
            return None
        every = (*(written.segments if written else ()), *needed)
        try:
            return SegmentSet(time_zone=mailing.sender.time_zone, calendar=mailing.calendar, segments=every)
        except ValidationError:  # their references: not `ok`
            return None


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
