"""Mappings of CSV files with activities or deals: which column becomes what. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, model_validator

from sodate.activities.catalog import DECLARED_NAME
from sodate.activities.declared import Name
from sodate.errors import Invalid
from sodate.imports.cells import BadCell, clean
from sodate.imports.reader import BadRow, Record
from sodate.intake.deal_entry import KEYS, DealRow, read_deal
from sodate.intake.entry import read_id
from sodate.intake.formats import ReportRow, Said
from sodate.intake.lead_ref import external_ref, read_lead_ref
from sodate.intake.report_cells import time_of
from sodate.leads.text import fold, one_line
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug

Header = Annotated[str, StringConstraints(max_length=200)]
Target = Annotated[
    str, StringConstraints(pattern=rf"^(lead|external_id|type|at|id|(about|primary|secondary)\.{DECLARED_NAME})$")
]
DealTarget = Literal[
    "id", "statement_id", "at", "stage", "amount", "currency", "expected_close", "owner", "reason", "company", "lead",
    "role",
]  # fmt: skip
_LONGEST_ATTRIBUTE = 500


class MappedFile(Definition):
    """`source`: the system that the ids are of."""

    source: Slug
    delimiter: Literal[",", ";", "\t"] = ","
    ignore: tuple[Header, ...] = Field(default=(), max_length=500)


class ActivityMapping(MappedFile):
    """Without a column that goes to `type`, all rows are of the type `type`."""

    columns: dict[Header, Target] = Field(min_length=1, max_length=100)
    type: Name | None = None
    types: dict[Header, Name] = Field(default={}, max_length=100, description="Cell of the column `type` to activity.")
    about: dict[Name, str | int] = Field(default={}, max_length=20, description="The same for all rows.")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        targets = list(self.columns.values())
        twice = {target for target in targets if targets.count(target) > 1}
        if twice:
            raise ValueError(Message("two columns go to `{twice}`", twice=min(twice)))
        if not {"lead", "external_id"} & set(targets) or "at" not in targets:
            raise ValueError(
                Message("`columns` needs one that goes to `lead` or `external_id`, and one that goes to `at`")
            )
        if (self.type is None) == ("type" not in targets):
            raise ValueError(Message("write `type` for all rows, or a column that goes to `type`"))
        return self


class DealMapping(MappedFile):
    """`currency`: of amounts in a file without a column for it. `stages`: cells of the column `stage` to stages."""

    columns: dict[Header, DealTarget] = Field(min_length=1, max_length=100)
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    stages: dict[Header, Slug] = Field(default={}, max_length=100)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        targets = list(self.columns.values())
        twice = {target for target in targets if targets.count(target) > 1}
        if twice:
            raise ValueError(Message("two columns go to `{twice}`", twice=min(twice)))
        if "id" not in targets:
            raise ValueError(Message("`columns` needs one that goes to `id`: which deal is this row?"))
        return self


def positions(columns: Mapping[str, str], ignore: Sequence[str], header: Sequence[str]) -> dict[str, int]:
    """Target → position in the header.

    Raises: `Invalid` for a column that the mapping does not account for, that the file does not have, or that it has
    twice.
    """
    names = [fold(name.strip("\ufeff ")) for name in header]
    known = {fold(name): target for name, target in columns.items()}
    missing = [name for name in columns if fold(name) not in names]
    if missing:
        raise Invalid(
            Message(
                "the file has no column `{column}`; it has {known}: correct `columns` of the mapping",
                column=missing[0],
                known=", ".join(header[:20]),
            ),
            "header",
        )
    ignored = {fold(name) for name in ignore}
    extra = [name for name, key in zip(header, names, strict=True) if key and key not in known and key not in ignored]
    if extra:
        raise Invalid(
            Message(
                "the mapping does not know the column `{column}`; map it, or write it under `ignore`", column=extra[0]
            ),
            "header",
        )
    twice = [name for name, key in zip(header, names, strict=True) if key in known and names.count(key) > 1]
    if twice:
        raise Invalid(
            Message("the file has two columns `{column}`; rename one of them, or delete it", column=twice[0].strip()),
            "header",
        )
    return {known[key]: position for position, key in enumerate(names) if key in known}


def _column_of(columns: Mapping[str, str], target: str) -> str:
    """How the file calls the column that goes to `target`; the target itself where no column does."""
    return next((name for name, goes_to in columns.items() if goes_to == target), target)


@dataclass
class MappedActivities:
    """Any CSV file with a header, read by a mapping; without one, by the names of its columns (`generic`)."""

    mapping: ActivityMapping | None
    zone: ZoneInfo
    _at: dict[str, int] | None = None

    def read(self, record: Record) -> Iterator[ReportRow | BadRow]:
        if record.cells is None:
            yield BadRow(record.line, record.reason)
        elif self._at is None:
            self._at = self._positions(record.cells)
        else:
            yield self._row(record.line, record.cells, self._at)

    def end(self) -> Iterator[ReportRow | BadRow]:
        if self._at is None:
            raise Invalid(Message("the file is empty; its first line must name the columns"), "header")
        yield from ()

    def _positions(self, header: Sequence[str]) -> dict[str, int]:
        if self.mapping is not None:
            return positions(self.mapping.columns, self.mapping.ignore, header)
        names = [name.strip("\ufeff ") for name in header]
        own = {name: name for name in ("lead", "type", "at", "id", "external_id")}
        found = {own.get(name) or f"about.{name}": position for position, name in enumerate(names) if name}
        if not {"lead", "type", "at"} <= found.keys():
            raise Invalid(
                Message("the file needs the columns lead, type and at; for other names, give --mapping"), "header"
            )
        return found

    def _row(self, line: int, cells: Sequence[str], at: Mapping[str, int]) -> ReportRow | BadRow:
        values: dict[str, str] = {}
        target = ""
        try:
            for target, position in at.items():
                values[target] = clean(cells[position]) if position < len(cells) else ""
            target = "at"  # of the values together, only the time can be a bad cell
            return self._said(line, values)
        except (BadCell, Invalid) as error:
            target = error.code if isinstance(error, Invalid) else target
            columns = self.mapping.columns if self.mapping is not None else {}
            shown = values.get("lead", values.get("external_id", ""))
            return BadRow(line, str(error), shown, _column_of(columns, target))

    def _said(self, line: int, values: Mapping[str, str]) -> ReportRow:
        mapping = self.mapping
        email, external = values.get("lead", ""), values.get("external_id", "")
        source = mapping.source if mapping is not None else "generic"
        ref = read_lead_ref(email) if email or not external else external_ref(source, external)
        type_ = values.get("type") or (mapping.type if mapping is not None else None) or ""
        type_ = mapping.types.get(type_, type_) if mapping is not None else type_
        about: dict[str, object] = dict(mapping.about) if mapping is not None else {}
        about |= {name: values[f"about.{name}"] for name in _of("about", values)}
        groups = {
            group: {name: one_line(values[f"{group}.{name}"])[:_LONGEST_ATTRIBUTE] for name in _of(group, values)}
            for group in ("primary", "secondary")
        }
        said = Said(type_, time_of(values["at"], self.zone), about, read_id(values.get("id") or None))
        return ReportRow(line, ref, (said,), groups)


def _of(group: str, values: Mapping[str, str]) -> list[str]:
    """Names of the values of a group that are given."""
    return [
        target.removeprefix(f"{group}.") for target, text in values.items() if text and target.startswith(f"{group}.")
    ]


@dataclass
class MappedDeals:
    """Deals of a CRM's export."""

    mapping: DealMapping
    zone: ZoneInfo
    now: datetime
    _at: dict[str, int] = field(default_factory=dict)

    def read(self, record: Record) -> tuple[int, DealRow] | BadRow | None:
        """None for the header."""
        if record.cells is None:
            return BadRow(record.line, record.reason)
        if not self._at:
            self._at = positions(self.mapping.columns, self.mapping.ignore, record.cells)
            return None
        values: dict[str, str] = {}
        target = ""
        try:
            for target, position in self._at.items():
                text = record.cells[position] if position < len(record.cells) else ""
                values[target] = clean(text)
            return record.line, read_deal(self._raw(values), self.zone, self.mapping.currency)
        except (BadCell, Invalid) as error:
            target = error.code if isinstance(error, Invalid) else target
            return BadRow(record.line, str(error), values.get("id", ""), self.column_of(target))

    def column_of(self, name: str) -> str:
        """How the file calls the column of a value of a deal; its name where the file has none."""
        return _column_of(self.mapping.columns, name)

    def _raw(self, values: Mapping[str, str]) -> dict[str, object]:
        raw: dict[str, object] = {name: text for name, text in values.items() if name in KEYS and text}
        if "stage" in raw:
            raw["stage"] = self.mapping.stages.get(values["stage"], values["stage"])
        if values.get("lead"):
            raw["contacts"] = [{"lead": values["lead"], "role": values.get("role", "")}]
        return raw
