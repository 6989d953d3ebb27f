"""Converts a record to a row of typed values. No I/O; all invalid cells of a row are reported together."""

import hashlib
import json
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sodate.errors import Invalid
from sodate.imports.cells import BadCell, DamagedCell, clean, folded, moment, read
from sodate.imports.mapping import Column, Given, Mapping, ValueSource
from sodate.imports.reader import Record
from sodate.leads.address import Address, parse_address
from sodate.leads.text import fold, one_line
from sodate.messages import Message

_LONGEST_ID = 200
#: Bytes of JSON. A profile is part of one item, and DynamoDB allows 400 KB per item.
_LARGEST_PROFILE = 100_000
#: Tolerance for clocks of other systems that run ahead.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Trouble:
    """A message about one row. `error`: the row was rejected; `note`: it was imported and needs attention.

    `hot`: it was imported, and sales is not told of the lead because the import is quiet.
    """

    line: int
    column: str
    reason: str
    value: str = ""
    kind: Literal["error", "note", "hot"] = "error"


@dataclass(frozen=True)
class Consented:
    topics: tuple[str, ...]
    wording: str
    at: datetime
    method: str
    where: str


@dataclass(frozen=True)
class Row:
    """`cleared`: attribute paths whose empty cell removes a stored value. `digest` covers all values but the line."""

    line: int
    email: Address | None
    external_id: str | None
    attributes: dict[str, dict[str, Any]]
    cleared: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None
    consent: Consented | None = None
    opt_out: bool = False
    activities: tuple[tuple[str, datetime], ...] = ()
    segments: tuple[str, ...] = ()
    notes: tuple[Trouble, ...] = ()
    digest: str = ""


@dataclass
class _Reading:
    line: int
    cells: dict[str, str]
    mapping: Mapping
    now: datetime
    troubles: list[Trouble] = field(default_factory=list)

    def cell(self, name: str, not_given: Sequence[str]) -> str:
        """Cleaned text; empty for words that mean "not given"."""
        raw = self.cells[folded(name)]
        text = clean(raw)
        return "" if text in not_given else text

    def wrong(self, column: str, reason: str, kind: Literal["error", "note"] = "error") -> None:
        value = shortened(self.cells.get(folded(column), ""))
        self.troubles.append(Trouble(self.line, column, reason, value, kind))

    def moment(self, text: str) -> datetime:
        at = moment(text, ZoneInfo(self.mapping.zone))
        if at > self.now + _AHEAD:
            raise BadCell(Message("in the future"))
        return at

    def resolve(self, source: ValueSource) -> str:
        return self.cell(source.column, self.mapping.not_given) if source.column is not None else source.value or ""

    def holds(self, given: Given) -> bool:
        return fold(self.cell(given.column, ())) in map(folded, given.any_of)


def shortened(value: str) -> str:
    text = value.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 80 else f"{text[:77]}…"


def read_row(record: Record, header: Sequence[str], mapping: Mapping, now: datetime) -> Row | list[Trouble]:
    """The row, or all problems of the record."""
    cells = record.cells
    if cells is None:
        return [Trouble(record.line, "", record.reason)]
    if len(cells) != len(header) and not (len(cells) > len(header) and not any(cells[len(header) :])):
        return [
            Trouble(
                record.line,
                "",
                Message(
                    "has {cells_count} cells, the header has {header_count}; put text with a comma in quotes",
                    cells_count=len(cells),
                    header_count=len(header),
                ),
                shortened(cells[0]),
            )
        ]
    reading = _Reading(record.line, dict(zip(map(folded, header), cells, strict=False)), mapping, now)
    values, empty = _values(reading)
    email, external_id = values.pop("email", None), values.pop("external_id", None)
    if not reading.troubles and email is None and external_id is None:
        name = next(name for name, column in mapping.columns.items() if column.to in ("email", "external_id"))
        reading.wrong(name, Message("nothing says who this is: no mail address and no id"))
    row = Row(
        record.line,
        email,
        external_id,
        {group: _group(values, group) for group in ("primary", "secondary", "source")},
        tuple(empty) if mapping.empty == "clear" else (),
        values.get("created"),
        values.get("updated"),
        _consent(reading, email),
        _opt_out(reading),
        _activities(reading),
        mapping.segments,
    )
    if len(json.dumps(row.attributes, ensure_ascii=False).encode()) > _LARGEST_PROFILE:
        reading.troubles.append(
            Trouble(
                record.line,
                "",
                Message("more than {largest_profile:,} bytes for one lead", largest_profile=_LARGEST_PROFILE),
            )
        )
    if any(trouble.kind == "error" for trouble in reading.troubles):
        return reading.troubles
    return Row(**{**vars(row), "notes": tuple(reading.troubles), "digest": _digest(row)})


def _values(reading: _Reading) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    empty: list[str] = []
    for name, column in reading.mapping.columns.items():
        not_given = reading.mapping.not_given if column.not_given is None else column.not_given
        try:
            text = reading.cell(name, not_given)
            if text:
                values[column.to] = _value(reading, column, text)
            elif column.required:
                raise BadCell(Message("is required and empty"))
            elif "." in column.to:
                empty.append(column.to)
        except BadCell as error:
            if isinstance(error, DamagedCell) or _is_needed(reading.mapping, column):
                reading.wrong(name, str(error))
            else:
                reading.wrong(name, Message("set aside, the row went in without it: {why}", why=error.args[0]), "note")
    return values, empty


def _is_needed(mapping: Mapping, column: Column) -> bool:
    """Without who it is, or since when it is true, a row would do harm."""
    return mapping.strict or column.required or column.to in ("email", "external_id", "updated")


def _value(reading: _Reading, column: Column, text: str) -> Any:
    match column.to:
        case "email":
            return _email(text)
        case "external_id":
            if len(text) > _LONGEST_ID or not text.isprintable():
                raise BadCell(
                    Message("no id: longer than {longest_id} characters, or more than one line", longest_id=_LONGEST_ID)
                )
            return text
        case "created" | "updated":
            return reading.moment(text)
    return read(column, text, reading.mapping.language)


def _email(text: str) -> Address:
    if len(text) > 400:
        raise BadCell(Message("not a mail address we can use: longer than 254 characters"))
    try:
        return parse_address(text)
    except Invalid as error:
        raise BadCell(str(error)) from error


def _group(values: Map[str, Any], group: str) -> dict[str, Any]:
    return {path.split(".")[1]: value for path, value in values.items() if path.startswith(f"{group}.")}


def _consent(reading: _Reading, email: Address | None) -> Consented | None:
    """Consent with complete evidence only. Otherwise the row is imported without consent and a note names the gap."""
    rule = reading.mapping.consent
    try:
        if rule is None or not reading.holds(rule.given):
            return None
    except BadCell as error:
        reading.wrong(rule.given.column if rule else "", str(error))
        return None
    parts = {"wording": rule.wording, "at": rule.at, "method": rule.method, "where": rule.where}
    said: dict[str, str] = {}
    at: datetime | None = None
    for name, source in parts.items():
        try:
            said[name] = reading.resolve(source)
            at = reading.moment(said[name]) if name == "at" and said[name] else at
            lacks = "" if said[name] else Message("is missing")
        except BadCell as error:
            lacks = str(error)
        if lacks:
            column = source.column or rule.given.column
            reading.wrong(
                column,
                Message("consent not taken over, so no mail: `{name}` of the evidence {lacks}", name=name, lacks=lacks),
                "note",
            )
            return None
    if email is None:
        reading.wrong(rule.given.column, Message("consent not taken over: there is no mail address"), "note")
    if email is None or at is None:
        return None
    words = {name: one_line(text)[:2000] for name, text in said.items()}
    return Consented(rule.topics, words["wording"], at, words["method"][:200], words["where"][:200])


def _opt_out(reading: _Reading) -> bool:
    rule = reading.mapping.opt_out
    try:
        return rule is not None and reading.holds(rule)
    except BadCell as error:
        reading.wrong(rule.column if rule else "", str(error))
        return False


def _activities(reading: _Reading) -> tuple[tuple[str, datetime], ...]:
    activities = []
    for rule in reading.mapping.activities:
        column = rule.at.column or (rule.when.column if rule.when else "")
        try:
            if rule.when is not None and not reading.holds(rule.when):
                continue
            text = reading.resolve(rule.at)
            if text:
                activities.append((rule.type.value, reading.moment(text)))
            elif rule.when is not None:
                raise BadCell(Message("`{type}` has no date", type=rule.type))
        except BadCell as error:
            if isinstance(error, DamagedCell) or reading.mapping.strict:
                reading.wrong(column, str(error))
            else:
                reading.wrong(
                    column, Message("`{type}` not taken over: {why}", type=rule.type, why=error.args[0]), "note"
                )
    return tuple(activities)


def _digest(row: Row) -> str:
    """Equal for two rows with equal values for the same lead, on any line."""
    consent = row.consent
    said = [
        row.email.match if row.email else None,
        row.external_id,
        row.attributes,
        sorted(row.cleared),
        row.created.isoformat() if row.created else None,
        row.updated.isoformat() if row.updated else None,
        [*consent.topics, consent.wording, consent.at.isoformat(), consent.method, consent.where] if consent else None,
        row.opt_out,
        [(kind, at.isoformat()) for kind, at in row.activities],
        *([row.segments] if row.segments else []),
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:24]
