"""Model of mapping.yaml: which column of a CSV file becomes which value of a lead. Unknown keys are errors."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from operator import not_
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sodate.activities.catalog import ActivityType
from sodate.leads.text import fold
from sodate.leads.time_zone import find_time_zone
from sodate.messages import Message
from sodate.playbook.model import Definition, Language, Slug

Target = Annotated[
    str,
    StringConstraints(
        pattern=r"^(email|external_id|created|updated|(primary|secondary|source)\.[a-z][a-z0-9_]{0,39})$"
    ),
]
CellType = Literal["text", "number", "date", "bool", "choice", "phone"]


class ImportedType(StrEnum):
    """Activities from another system. Imported opens and clicks count for the score like those of our own emails."""

    FORM_SUBMITTED = ActivityType.FORM_SUBMITTED.value
    MAIL_OPENED = ActivityType.MAIL_OPENED.value
    MAIL_CLICKED = ActivityType.MAIL_CLICKED.value
    DEAL_WON = ActivityType.DEAL_WON.value
    DEAL_LOST = ActivityType.DEAL_LOST.value


Word = Annotated[str, StringConstraints(max_length=200)]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=100)]
Header = Annotated[str, StringConstraints(max_length=200)]

_PHONE = "primary.phone"
YES = ("yes", "y", "true", "1", "on", "はい", "有", "あり", "○", "同意する")
NO = ("no", "n", "false", "0", "off", "いいえ", "無", "なし", "×")


class Column(Definition):
    """One column. The target alone may be written instead of a map: `会社名: primary.company`."""

    to: Target
    type: CellType = "text"
    required: bool = False
    choices: dict[Word, Word] | tuple[Word, ...] = Field(
        default=(), description="type choice: the cells that may occur, or a map of cell to stored value."
    )
    yes: Words = Field(default=YES, description="type bool: what means true.")
    no: Words = Field(default=NO, description="type bool: what means false.")
    not_given: tuple[Word, ...] | None = Field(default=None, description="Instead of the file's own list.")
    max_length: int = Field(default=500, ge=1, le=4000, description="In characters, after trimming.")

    @model_validator(mode="before")
    @classmethod
    def _phones_are_as_in_forms(cls, value: Any) -> Any:
        """`primary.phone` is of type phone unless the mapping says otherwise."""
        if isinstance(value, dict) and value.get("to") == _PHONE and "type" not in value:
            return {**value, "type": "phone"}
        return value

    @model_validator(mode="after")
    def _fits_its_target(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(Message("`choices` is required for `type: choice`, and only there"))
        if "." not in self.to and self.type != "text":
            raise ValueError(Message("`type` goes with profile attributes; `{to}` has its own", to=self.to))
        return self


class Given(Definition):
    """True when the cell of `column` is one of these words (compared folded)."""

    column: Header
    any_of: Words = YES


class ValueSource(Definition):
    """A value from a column of the row, or the same value for all rows."""

    column: Header | None = None
    value: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError(Message("write either `column` or `value`"))
        return self


class RowConsent(Definition):
    """Consent per row. A row without all four parts of the evidence gives no consent."""

    topics: tuple[Slug, ...] = Field(min_length=1, max_length=10)
    given: Given
    wording: ValueSource = Field(description="The words that were agreed to, or their id.")
    at: ValueSource = Field(description="When.")
    method: ValueSource = Field(description="How: a form, a call, a business card …")
    where: ValueSource = Field(description="The page, event or list it comes from.")


class RowActivity(Definition):
    type: ImportedType
    when: Given | None = Field(default=None, description="Only for rows of which this holds; empty: where `at` is.")
    at: ValueSource


class Mapping(Definition):
    source: Slug = Field(description="The system that the ids are of, e.g. `salesforce`. Ids of two sources never mix.")
    language: Language = "ja"
    zone: str = Field(default="Asia/Tokyo", max_length=50, description="Of times without an offset.")
    encoding: Literal["auto", "utf-8", "cp932"] = "auto"
    delimiter: Literal[",", ";", "\t"] = ","
    not_given: tuple[Word, ...] = Field(default=(), max_length=50, description="Cells that mean nothing was said.")
    as_of: str | None = Field(default=None, max_length=10, description="Day of the file; empty: as new as now.")
    empty: Literal["keep", "clear"] = Field(default="keep", description="What an empty cell does to a known value.")
    columns: dict[Header, Column] = Field(min_length=1, max_length=200)
    consent: RowConsent | None = None
    opt_out: Given | None = Field(default=None, description="Rows that must never be mailed.")
    activities: tuple[RowActivity, ...] = Field(default=(), max_length=10)
    segments: tuple[Slug, ...] = Field(
        default=(), max_length=10, exclude_if=not_, description="Static segments (lists) that each lead is put into."
    )
    ignore: tuple[Header, ...] = Field(default=(), max_length=500)
    strict: bool = Field(
        default=False,
        exclude_if=not_,
        description="A bad value refuses its row, whatever the column.",
    )
    quiet: bool = Field(
        default=False, exclude_if=not_, description="Leads that become hot by the import are listed; sales is not told."
    )

    @field_validator("columns", mode="before")
    @classmethod
    def _target_alone(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"to": column} if isinstance(column, str) else column for name, column in value.items()}

    @model_validator(mode="after")
    def _identifies_rows(self) -> Self:
        targets = [column.to for column in self.columns.values()]
        twice = sorted({target for target in targets if targets.count(target) > 1})
        if twice:
            raise ValueError(Message("two columns go to '{twice}'", twice=twice[0]))
        if not {"email", "external_id"} & set(targets):
            raise ValueError(Message("`columns` needs one that goes to `email` or `external_id`: who is this row?"))
        if find_time_zone(self.zone) is None:
            raise ValueError(Message("`zone: {zone}` is no time zone; write one such as Asia/Tokyo", zone=self.zone))
        if self.as_of is not None and not _is_day(self.as_of):
            raise ValueError(Message("`as_of: {as_of}` is no day; write it as 2026-11-20", as_of=self.as_of))
        folded = [fold(name) for name in self.columns]
        if len(set(folded)) != len(folded):
            raise ValueError(Message("two `columns` have the same name (width and case do not count)"))
        return self

    def with_options(self, segments: Iterable[str], *, strict: bool = False, quiet: bool = False) -> "Mapping":
        """With what the command line adds: further segments, and what the file itself may say too."""
        every = tuple(dict.fromkeys([*self.segments, *segments]))
        update = {"segments": every, "strict": self.strict or strict, "quiet": self.quiet or quiet}
        return self.model_copy(update=update)

    @property
    def digest(self) -> str:
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def used(self) -> Iterator[str]:
        """Names of all columns that a rule reads; may repeat."""
        yield from self.columns
        consent = self.consent
        given = [consent.given if consent else None, self.opt_out, *(one.when for one in self.activities)]
        sources = [consent.wording, consent.at, consent.method, consent.where] if consent else []
        sources += [one.at for one in self.activities]
        yield from (one.column for one in (*given, *sources) if one is not None and one.column is not None)


@dataclass(frozen=True)
class HeaderProblem:
    """`column` is spelled as in the file or the mapping."""

    column: str
    message: str
    hint: str = ""


#: How alike two names of columns must be for one to be the other, misspelt.
_NEAR = 0.6


def check_header(mapping: Mapping, header: Iterable[str]) -> list[HeaderProblem]:
    """Problems of the header. Every column must be mapped or listed under `ignore`, or nothing is imported."""
    names = [name.strip() for name in header]
    known = {fold(name): name for name in names}
    problems = [
        HeaderProblem(name, Message("the file has two columns of this name"), Message("rename one of them"))
        for name in {name for name in names if names.count(name) > 1}
    ]
    used = list(dict.fromkeys(mapping.used()))
    problems += [
        HeaderProblem(name, Message("the file has no such column"), _close(name, names))
        for name in used
        if fold(name) not in known
    ]
    missing = [name for name in used if fold(name) not in known]
    meant = [near for name in missing for near in get_close_matches(name, names, n=1, cutoff=_NEAR)]
    accounted = {fold(name) for name in (*used, *mapping.ignore, *meant)}
    problems += [
        HeaderProblem(
            name, Message("the mapping does not know this column"), Message("map it, or write it under `ignore`")
        )
        for key, name in known.items()
        if key not in accounted
    ]
    return problems


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _close(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=_NEAR)
    return (
        Message("did you mean `{close}`?", close=close[0])
        if close
        else Message("it has: {names}{more}", names=", ".join(names[:10]), more=" …" if names[10:] else "")
    )
