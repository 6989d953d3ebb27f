"""A company and what may be said of it. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sodate.companies.domain import registrable
from sodate.errors import Conflict, Invalid
from sodate.messages import Message

MOST_DOMAINS, MOST_EXTERNAL, MOST_ABSORBED = 20, 10, 50
_LONGEST_TEXT = 200
_MOST_EMPLOYEES = 10**8
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


#: What leads have copies of, so that conditions may ask for it: `company.industry`.
COPIED = ("name", "industry", "region", "employees")


@dataclass(frozen=True)
class Company:
    """Data about the company, none about persons. `external`: its ids in other systems, by source.

    `merged_into`: the company that it is a part of. `absorbed`: the companies that are parts of it.
    """

    id: str
    name: str = ""
    domains: tuple[str, ...] = ()
    industry: str = ""
    region: str = ""
    employees: int | None = None
    external: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people read: the name, or a domain while nobody has given one."""
        return self.name or next(iter(self.domains), self.id)


def copied_attributes(company: Company, whole: Company) -> dict[str, str | int]:
    """What its leads have copies of. `whole`: the company of which it is a part, or itself; its values come first."""
    return {name: value for name in COPIED if (value := getattr(whole, name) or getattr(company, name))}


_WRITERS: dict[str, Callable[[Company, str], Company]] = {
    "name": lambda company, text: replace(company, name=text),
    "industry": lambda company, text: replace(company, industry=text),
    "region": lambda company, text: replace(company, region=text),
}
TEXTS = tuple(_WRITERS)


def changed(company: Company, given: Mapping[str, str]) -> Company:
    """`company` with attributes as a person or a CSV writes them.

    Raises: `Invalid` for an attribute that companies do not have, or a value that it cannot have.
    """
    for name, value in given.items():
        plain = unicodedata.normalize("NFKC", value[: _LONGEST_TEXT * 2]).strip()
        if name == "employees":
            company = replace(company, employees=_employees(plain))
        elif name in TEXTS:
            if len(plain) > _LONGEST_TEXT or not plain.isprintable():
                raise Invalid(
                    Message("{name}: write at most {most} characters in one line", name=name, most=_LONGEST_TEXT), name
                )
            company = _WRITERS[name](company, plain)
        else:
            raise Invalid(
                Message(
                    "companies have no {name!r}; they have {known}",
                    name=name[:40],
                    known=", ".join((*TEXTS, "employees")),
                ),
                name[:40],
            )
    return company


def _employees(text: str) -> int | None:
    if not text:
        return None
    digits = text.replace(",", "").removesuffix("名").removesuffix("人")
    if not re.fullmatch(r"[0-9]{1,9}", digits) or int(digits) > _MOST_EMPLOYEES:
        raise Invalid(Message("employees={text!r}: write a whole number such as 1,200", text=text[:40]), "employees")
    return int(digits)


def with_domain(company: Company, domain: str) -> Company:
    """Raises: `Invalid` for text that is no domain of a company."""
    plain = unicodedata.normalize("NFKC", domain[:300]).strip().lower().rstrip(".")
    if not _DOMAIN.fullmatch(plain) or registrable(plain) != plain:
        raise Invalid(
            Message("{domain!r} is no company's domain; write it as example.co.jp", domain=domain[:80]), "domain"
        )
    if plain in company.domains:
        return company
    if len(company.domains) >= MOST_DOMAINS:
        raise Invalid(
            Message("a company may have {most} domains; make a company of its own for the others", most=MOST_DOMAINS),
            "domain",
        )
    return replace(company, domains=(*company.domains, plain))


def with_external(company: Company, source: str, external_id: str) -> Company:
    """Raises: `Invalid`, `Conflict` for a second id of one source."""
    plain = unicodedata.normalize("NFKC", external_id[:300]).strip()
    if not _SOURCE.fullmatch(source) or not 0 < len(plain) <= _LONGEST_TEXT:
        raise Invalid(Message("an external id is written as source:id, the source in lower case: crm:A-1"), "external")
    if company.external.get(source, plain) != plain:
        raise Conflict(
            Message(
                "{company} has the id {external_id} in {source} already; correct the id",
                company=company.title,
                external_id=company.external[source],
                source=source,
            )
        )
    if source not in company.external and len(company.external) >= MOST_EXTERNAL:
        raise Invalid(
            Message("a company may have ids in {most} systems; leave this one out", most=MOST_EXTERNAL), "external"
        )
    return replace(company, external={**company.external, source: plain})


def check_merge(into: Company, part: Company) -> None:
    """Raises: `Conflict` when the two cannot be merged: they are one already, or a circle would arise."""
    if into.id == part.id:
        raise Conflict(Message("a company cannot be merged with itself; name two companies"))
    if part.merged_into is not None:
        raise Conflict(
            Message(
                "{company} is a part of {whole} already; `sodate company unmerge` undoes it",
                company=part.title,
                whole=part.merged_into,
            )
        )
    if into.merged_into is not None:
        raise Conflict(
            Message(
                "{company} is itself a part of {whole}; merge into that company",
                company=into.title,
                whole=into.merged_into,
            )
        )
    if part.absorbed:
        raise Conflict(
            Message(
                "{company} has parts of its own; merge each of them, or merge in the other direction",
                company=part.title,
            )
        )
    if len(into.absorbed) >= MOST_ABSORBED:
        raise Conflict(Message("a company may have {most} parts", most=MOST_ABSORBED))
