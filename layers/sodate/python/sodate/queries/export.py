"""Exports leads as CSV that `sodate import` reads back and that a spreadsheet does not execute."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sodate.dynamodb.item import TableItem
from sodate.errors import Invalid
from sodate.imports.cells import escaped
from sodate.imports.report import BOM
from sodate.leads.lead import Profile
from sodate.leads.store import StateItem, every_lead
from sodate.messages import Message
from sodate.queries.lead import addresses
from sodate.scoring.store import ScoreItem

Items = Mapping[type[TableItem], TableItem]
Lead = tuple[Profile, Items]
_FIRST = ("email", "email_as_typed", "created")
_LAST = ("blocked", "topics", "total", "rank", "phase", "stage", "hot")
_GROUPS = ("external_id", "primary", "secondary", "source")
#: Id of the import that created the lead; meaningless outside the table.
_OURS = {"source.import"}
_ENCODINGS = ("utf-8", "cp932")


def export(file: Path, columns: str | None, encoding: str) -> dict[str, int]:
    """Write to a temporary file first, so that an incomplete export never has the final name.

    Raises: `Invalid` for an unknown encoding or column.
    """
    if encoding not in _ENCODINGS:
        raise Invalid(
            Message("--encoding {encoding}: write {encodings}", encoding=encoding, encodings=" or ".join(_ENCODINGS)),
            "encoding",
        )
    names = _chosen(columns) if columns else _all_columns(every_lead(StateItem, ScoreItem))
    temporary = file.with_name(f"{file.name}.new")
    with temporary.open("wb") as stream:
        temporary.chmod(0o600)
        written = _write(stream, names, every_lead(StateItem, ScoreItem), encoding)
    temporary.replace(file)
    return written


def _chosen(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    wrong = [name for name in names if name not in (*_FIRST, *_LAST) and name.partition(".")[0] not in _GROUPS]
    if wrong or not names:
        known = ", ".join((*_FIRST, *(f"{group}.NAME" for group in _GROUPS), *_LAST))
        raise Invalid(
            Message("--columns: no column {wrong}; write some of {known}", wrong=", ".join(wrong) or text, known=known),
            "columns",
        )
    return names


def _all_columns(leads: Iterable[Lead]) -> list[str]:
    attributes: set[str] = set()
    for profile, _ in leads:
        for group in _GROUPS:
            attributes |= {f"{group}.{name}" for name in _group(profile, group)}
    order = {group: number for number, group in enumerate(_GROUPS)}
    ordered = sorted(attributes - _OURS, key=lambda name: (order[name.partition(".")[0]], name))
    return [*_FIRST, *ordered, *_LAST]


def _write(stream: BinaryIO, names: list[str], leads: Iterable[Lead], encoding: str) -> dict[str, int]:
    stream.write(f"{BOM if encoding == 'utf-8' else ''}{_line(names)}".encode(encoding))
    count = replaced = 0
    for profile, items in leads:
        values = [_value(name, profile, items) for name in names]
        kept = [_encodable(value, encoding) for value in values]
        stream.write(_line([escaped(value) for value in kept]).encode(encoding))
        count += 1
        replaced += kept != values
    return {"leads": count, "replaced": replaced}


def _encodable(value: Any, encoding: str) -> Any:
    """Apply before `escaped`: CP932 turns U+2212 into U+FF0D, with which a formula may begin."""
    if isinstance(value, list):
        return [_encodable(one, encoding) for one in value]
    return value.encode(encoding, "replace").decode(encoding) if isinstance(value, str) else value


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def _value(name: str, profile: Profile, items: Items) -> Any:
    group, _, attribute = name.partition(".")
    if group in _GROUPS:
        return _group(profile, group).get(attribute)
    if name in _FIRST:
        return {"email_as_typed": profile.address, "created": profile.created, **addresses(profile)}[name]
    state, score = items.get(StateItem), items.get(ScoreItem)
    if name in ("blocked", "topics"):
        topics = sorted(state.topics.as_dict().items()) if isinstance(state, StateItem) else []
        return [f"{topic}: {status}" for topic, status in topics] if name == "topics" else getattr(state, name, None)
    return getattr(score, name, None)


def _group(profile: Profile, group: str) -> dict[str, Any]:
    groups = {"external_id": profile.external, "primary": profile.primary, "secondary": profile.secondary}
    return {**groups, "source": profile.source}[group]
