"""Reads the CSV shapes of webinar tools and card readers as rows about leads. Pure; memory does not grow with a file.

Each reader gets the records of a file one after the other. Preambles, other sections and the tool's own staff are
passed over.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sodate.activities.catalog import ActivityType
from sodate.errors import Invalid
from sodate.imports.cells import BadCell, clean
from sodate.imports.reader import BadRow, Record
from sodate.intake.lead_ref import LeadRef, read_lead_ref
from sodate.intake.report_cells import is_yes, minutes_of, text_of, time_of
from sodate.leads.text import one_line
from sodate.messages import Message


@dataclass(frozen=True)
class Said:
    """One activity of a row."""

    type: str
    at: datetime
    about: Mapping[str, object]
    id: str | None = None


@dataclass(frozen=True)
class ReportRow:
    """`attributes` by group, as imports have them."""

    line: int
    ref: LeadRef
    said: tuple[Said, ...]
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Reader(Protocol):
    def read(self, record: Record) -> Iterator[ReportRow | BadRow]: ...

    def end(self) -> Iterator[ReportRow | BadRow]:
        """What is left when the file ends. Raises: `Invalid` for a file that is not of this shape."""
        ...


#: Column of ours → how the tools call it, folded.
_NAMES: dict[str, tuple[str, ...]] = {
    "email": ("email", "e-mail", "email address", "メール", "メールアドレス", "eメール", "電子メール", "mail"),
    "attended": ("attended", "出席済み", "出席", "参加済み"),
    "registered": ("registration time", "登録時刻", "登録日時", "申込日時"),
    "approval": ("approval status", "承認状況", "承認ステータス"),
    "joined": ("join time", "参加時刻", "参加時間", "first join", "最初の参加", "first join time"),
    "minutes": (
        "time in session (minutes)", "セッション時間(分)", "in-meeting duration", "会議内の時間", "会議中の時間",
        "duration",
    ),
    "role": ("role", "役割"),
    "company": ("company", "organization", "会社名", "組織", "企業名"),
    "name": ("name", "full name", "氏名", "名前"),
    "family": ("last name", "姓"),
    "given": ("first name", "名"),
    "title": ("title", "job title", "役職"),
    "department": ("department", "部署", "部署名"),
    "phone": ("phone", "tel", "電話番号", "電話", "tel(会社)", "携帯電話", "携帯電話番号"),
    "exchanged": ("名刺交換日", "交換日", "date", "exchanged", "登録日"),
}  # fmt: skip
_NO_ADDRESS = Message("the row has no mail address; fill it in, or delete the row")
_NOT_REGISTERED = ("denied", "cancelled", "拒否", "キャンセル")
_OF_NAME = {name: ours for ours, names in _NAMES.items() for name in names}


def columns_of(cells: Sequence[str]) -> dict[str, int]:
    """Position of each column that is known; of two with one meaning, the first."""
    found: dict[str, int] = {}
    for position, cell in enumerate(cells):
        ours = _OF_NAME.get(unicodedata.normalize("NFKC", cell).strip("\ufeff ").casefold())
        if ours is not None:
            found.setdefault(ours, position)
    return found


def _cell(cells: Sequence[str], columns: Mapping[str, int], name: str) -> str:
    position = columns.get(name)
    return text_of(cells[position]) if position is not None and position < len(cells) else ""


@dataclass
class Webinar:
    """Attendee reports: Zoom's (each join of an attendee is a row), and Teams' (a row per participant).

    `section` tells whether a row of one or two cells begins the part with the attendees; None: it is no such row.
    """

    seminar: str
    zone: ZoneInfo
    section: Callable[[Sequence[str]], bool | None]
    needs: tuple[str, ...]
    staff: Callable[[str], bool] = lambda role: False
    _inside: bool = True
    _columns: dict[str, int] | None = None
    _pending: ReportRow | None = None
    _found: bool = False

    def read(self, record: Record) -> Iterator[ReportRow | BadRow]:
        if record.cells is None:
            yield BadRow(record.line, record.reason)
            return
        begins = self.section(record.cells)
        if begins is not None:
            self._inside, self._columns = begins, None
        elif self._inside and self._columns is None:
            columns = columns_of(record.cells)
            self._columns = columns if all(name in columns for name in self.needs) else None
            self._found = self._found or self._columns is not None
        elif self._inside and self._columns is not None:
            yield from self._attendee(record.line, record.cells, self._columns)

    def end(self) -> Iterator[ReportRow | BadRow]:
        if not self._found:
            raise Invalid(
                Message(
                    "no line names the columns {columns}; is the file a report of this --format?",
                    columns=", ".join(_NAMES[name][0] for name in self.needs),
                ),
                "format",
            )
        if self._pending is not None:
            yield self._pending

    def _attendee(self, line: int, cells: Sequence[str], columns: Mapping[str, int]) -> Iterator[ReportRow | BadRow]:
        if self.staff(_cell(cells, columns, "role").casefold()):
            return
        email = _cell(cells, columns, "email")
        try:
            row = ReportRow(line, read_lead_ref(email), tuple(self._said(cells, columns)))
        except (BadCell, Invalid) as error:
            yield BadRow(line, _NO_ADDRESS if not email else str(error), email)
            return
        if self._pending is not None and self._pending.ref == row.ref:
            self._pending = _joined(self._pending, row)
            return
        if self._pending is not None:
            yield self._pending
        self._pending = row

    def _said(self, cells: Sequence[str], columns: Mapping[str, int]) -> Iterator[Said]:
        about = {"seminar": self.seminar}
        registered, joined = (_cell(cells, columns, name) for name in ("registered", "joined"))
        if registered and _cell(cells, columns, "approval").casefold() not in _NOT_REGISTERED:
            at = time_of(registered, self.zone)
            yield Said(ActivityType.SEMINAR_REGISTERED, at, about, f"{self.seminar}/registered")
        was_there = "attended" not in columns or is_yes(_cell(cells, columns, "attended"))
        if was_there and joined:
            minutes = minutes_of(_cell(cells, columns, "minutes"))
            more = {} if minutes is None else {"minutes": minutes}
            yield Said(
                ActivityType.SEMINAR_ATTENDED, time_of(joined, self.zone), {**about, **more}, f"{self.seminar}/attended"
            )


def _joined(before: ReportRow, row: ReportRow) -> ReportRow:
    """Who left and came back attended once: from the first time on, for all minutes together."""
    said = {one.type: one for one in before.said}
    for one in row.said:
        known = said.get(one.type)
        if known is None:
            said[one.type] = one
        elif one.type == ActivityType.SEMINAR_ATTENDED:
            minutes = [int(str(each.about.get("minutes", 0))) for each in (known, one)]
            first = min(known.at, one.at)
            said[one.type] = replace(known, at=first, about={**known.about, "minutes": sum(minutes)})
    return replace(before, said=tuple(said.values()))


def zoom(seminar: str, zone: ZoneInfo) -> Webinar:
    def section(cells: Sequence[str]) -> bool | None:
        first = text_of(cells[0]).casefold()
        if any(cell.strip() for cell in cells[1:]) or not first.endswith(("details", "の詳細", "詳細")):
            return None
        return first.startswith(("attendee", "出席者", "参加者", "other attended"))

    return Webinar(seminar, zone, section, ("email", "attended"))


def teams(seminar: str, zone: ZoneInfo) -> Webinar:
    def section(cells: Sequence[str]) -> bool | None:
        number, _, title = text_of(cells[0]).casefold().partition(". ")
        if any(cell.strip() for cell in cells[1:]) or not number.isdigit():
            return None
        return title.startswith(("participants", "参加者"))

    staff = ("organizer", "co-organizer", "presenter", "開催者", "共同開催者", "発表者")
    return Webinar(seminar, zone, section, ("email", "joined"), lambda role: role in staff)


@dataclass
class Cards:
    """Business cards: who it is becomes primary data, the exchange an activity. `about`: e.g. the exhibition."""

    about: Mapping[str, object]
    zone: ZoneInfo
    at: datetime
    _columns: dict[str, int] | None = None

    def read(self, record: Record) -> Iterator[ReportRow | BadRow]:
        if record.cells is None:
            yield BadRow(record.line, record.reason)
        elif self._columns is None:
            columns = columns_of(record.cells)
            self._columns = columns if "email" in columns else None
        else:
            yield self._card(record.line, record.cells, self._columns)

    def end(self) -> Iterator[ReportRow | BadRow]:
        if self._columns is None:
            raise Invalid(
                Message(
                    "no line names a column {columns}; name the column of the addresses so",
                    columns=" or ".join(_NAMES["email"][:5]),
                ),
                "format",
            )
        yield from ()

    def _card(self, line: int, cells: Sequence[str], columns: Mapping[str, int]) -> ReportRow | BadRow:
        email = _cell(cells, columns, "email")
        try:
            day = _cell(cells, columns, "exchanged")
            at = time_of(day, self.zone) if day else self.at
            id_ = f"card/{self.about.get('exhibition', '')}/{f'{at:%Y-%m-%d}' if day else ''}"
            said = Said(ActivityType.CARD_EXCHANGED, at, self.about, id_)
            return ReportRow(line, read_lead_ref(email), (said,), {"primary": _person(cells, columns)})
        except (BadCell, Invalid) as error:
            return BadRow(line, _NO_ADDRESS if not email else str(error), email)


def _person(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Raises: `BadCell` for bytes that are no text."""
    found = {}
    for name in ("company", "name", "title", "department", "phone"):
        position = columns.get(name)
        text = one_line(clean(cells[position], name))[:200] if position is not None and position < len(cells) else ""
        if text:
            found[name] = text
    parts = [_cell(cells, columns, name) for name in ("family", "given")]
    if "name" not in found and any(parts):
        found["name"] = " ".join(part for part in parts if part)[:200]
    return found
