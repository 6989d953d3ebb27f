"""Rows of a CSV file of companies: which columns there are, and what a row says. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sodate.companies.company import COPIED
from sodate.companies.domain import corporate_domain
from sodate.errors import Invalid
from sodate.imports.cells import BadCell, clean
from sodate.imports.reader import BadRow, Record
from sodate.intake.mapping import Header, MappedFile, positions
from sodate.leads.text import fold, plain_id
from sodate.messages import Message

CompanyTarget = Literal["id", "domain", "name", "industry", "region", "employees"]
#: Headers that need no mapping, in folded form.
_USUAL: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "external_id", "会社id", "企業id", "取引先id"),
    "domain": ("domain", "website", "url", "ドメイン", "webサイト", "ホームページ"),
    "name": ("name", "company", "会社名", "企業名", "取引先名", "法人名", "社名"),
    "industry": ("industry", "業種", "業界"),
    "region": ("region", "地域", "都道府県"),
    "employees": ("employees", "従業員数", "社員数"),
}
#: A comma divides two names, or begins another URL; any other one is a part of a URL's path.
_BETWEEN = re.compile(r"[\s、]+|[,;]+(?=https?://|www\.|$)")
_BETWEEN_HOSTS, _PATH, _SCHEME = re.compile(r"[,;]+"), re.compile(r"[/?#]"), re.compile(r"^[a-z]{2,10}://")
_MOST_DOMAINS = 20


class CompanyMapping(MappedFile):
    columns: dict[Header, CompanyTarget] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        targets = list(self.columns.values())
        twice = {target for target in targets if targets.count(target) > 1}
        if twice:
            raise ValueError(Message("two columns go to `{twice}`", twice=min(twice)))
        if not {"id", "domain"} & set(targets):
            raise ValueError(Message("`columns` needs one that goes to `id` or `domain`: which company is this row?"))
        return self


@dataclass(frozen=True)
class CompanyRow:
    """`id`: in the system of the file; empty without one. `attributes`: without empty cells, which change nothing."""

    line: int
    id: str
    domains: tuple[str, ...]
    attributes: Mapping[str, str]


@dataclass
class MappedCompanies:
    """Companies of a CRM's export. Without a mapping, by the usual names of columns; others are passed over.

    `passed_over`: their names, once the header is read.
    """

    mapping: CompanyMapping | None
    passed_over: tuple[str, ...] = ()
    _at: dict[str, int] = field(default_factory=dict)

    def read(self, record: Record) -> CompanyRow | BadRow | None:
        """None for the header. Raises: `Invalid` for a header that nobody knows."""
        if record.cells is None:
            return BadRow(record.line, record.reason)
        if not self._at:
            self._at = self._positions(record.cells)
            return None
        values: dict[str, str] = {}
        for target, position in self._at.items():
            try:
                values[target] = clean(record.cells[position]) if position < len(record.cells) else ""
            except BadCell as error:
                return BadRow(record.line, str(error), field=target)
        try:
            domains = _domains(values.get("domain", ""))
        except Invalid as error:
            return BadRow(record.line, str(error), values["domain"], "domain")
        if not values.get("id") and not domains:
            reason = Message("neither an id nor a domain: nobody can tell which company this is; fill in one of them")
            return BadRow(record.line, reason, values.get("name", ""), "id")
        given = {name: values[name] for name in COPIED if values.get(name)}
        return CompanyRow(record.line, plain_id(values.get("id", "")), domains, given)

    def _positions(self, header: Sequence[str]) -> dict[str, int]:
        if self.mapping is not None:
            return positions(self.mapping.columns, self.mapping.ignore, header)
        names = {usual: target for target, all_usual in _USUAL.items() for usual in all_usual}
        known = {name: names[key] for name in header if (key := fold(name.strip("\ufeff "))) in names}
        twice = {target for target in known.values() if list(known.values()).count(target) > 1}
        if twice:
            raise Invalid(
                Message("two columns mean `{twice}`; say with --mapping which one counts", twice=min(twice)), "header"
            )
        others = [name for name in header if name not in known and name.strip("\ufeff ")]
        known_columns = positions(known, others, header)
        self.passed_over = tuple(dict.fromkeys(name.strip("\ufeff ") for name in others))
        if not {"id", "domain"} & known_columns.keys():
            raise Invalid(Message("the file needs a column id or domain; for other names, give --mapping"), "header")
        return known_columns


def _domains(cell: str) -> tuple[str, ...]:
    """`https://www.example.co.jp/about` and `example.co.jp; example.com` as registrable domains.

    Raises: `Invalid`.
    """
    domains = [_domain(part) for text in _BETWEEN.split(fold(cell)) for part in _hosts(text) if part]
    if len(domains) > _MOST_DOMAINS:
        raise Invalid(Message("a company may have {most_domains} domains", most_domains=_MOST_DOMAINS), "domain")
    return tuple(dict.fromkeys(domains))


def _hosts(text: str) -> list[str]:
    """Without schemes and paths, which may have commas of their own."""
    return _BETWEEN_HOSTS.split(_PATH.split(_SCHEME.sub("", text), maxsplit=1)[0])


def _domain(text: str) -> str:
    try:
        host = (urlsplit(f"//{text}").hostname or "").rstrip(".")
        plain = corporate_domain(f"x@{host}") if host and "@" not in text else None
    except (ValueError, Invalid):
        plain = None
    if plain is None:
        raise Invalid(
            Message("{text!r} is no company's domain (free mail is none); write example.co.jp", text=text[:80]),
            "domain",
        )
    return plain
