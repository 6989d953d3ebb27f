"""What a new playbook needs to know about its company, and why an answer cannot be used."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from sodate.email.mailing import Address, Line, Sender, Topic
from sodate.messages import Message, joined
from sodate.playbook.explain import problems_of
from sodate.playbook.model import HttpUrl, Language, Origin, Slug


@dataclass(frozen=True)
class Company:
    """`color`: `#rrggbb`, of buttons and links. `owner`: name and address of who is told about hot leads."""

    sender: Sender
    website: str
    topics: tuple[Topic, ...]
    owner: tuple[str, str]
    color: str


_KINDS: Mapping[str, Any] = {
    "company": Line, "from": Address, "reply-to": Address, "postal-address": Line, "contact": Line, "website": HttpUrl,
}  # fmt: skip


def cleaned(option: str, answer: str) -> str:
    """Addresses and URLs as they are written in files: half-width letters, the domain in lower case."""
    answer = answer.strip()
    if option in ("from", "reply-to", "website"):
        answer = unicodedata.normalize("NFKC", answer)
    if option in ("from", "reply-to") and "@" in answer:
        name, _, domain = answer.rpartition("@")
        return f"{name}@{domain.lower()}"
    return _plain_url(answer) if option == "website" else answer


def _plain_url(url: str) -> str:
    scheme, separator, rest = url.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{host.lower()}{slash}{path}" if separator else url


def why_wrong(option: str, answer: str) -> str:
    """Empty when the answer can be used, else a `Message`."""
    if option == "topic":
        return next((why for line in answer.splitlines() if (why := _wrong_topic(line))), "")
    if option == "sales":
        return _wrong(Address, _owner(answer)[1]) and Message('write "NAME <ADDRESS>"')
    if option == "website" and ("?" in answer or "#" in answer):
        return Message("write the address without `?` and `#`: paths are put behind it")
    wrong = _wrong(_KINDS[option], answer)
    return wrong or (_wrong(Origin, origin_of(answer)) if option == "website" else "")


def company_of(answers: Mapping[str, str], language: Language, color: str) -> Company:
    """From answers in which `why_wrong` sees nothing."""
    sender = Sender(
        name=answers["company"],
        from_address=answers["from"],
        reply_to=answers["reply-to"],
        postal_address=answers["postal-address"],
        contact=answers["contact"],
        website=answers["website"],
        language=language,
    )
    pairs = [line.partition("=") for line in answers["topic"].splitlines()]
    topics = tuple(Topic(id=topic.strip(), name=name.strip()) for topic, _, name in pairs)
    return Company(sender, answers["website"], topics, _owner(answers["sales"]), color.lower())


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _owner(answer: str) -> tuple[str, str]:
    name, address = parseaddr(answer)
    return name or address, cleaned("from", address)


def _wrong_topic(line: str) -> str:
    topic, _, name = line.partition("=")
    return (_wrong(Slug, topic.strip()) or _wrong(Line, name.strip())) and Message(
        "write ID=NAME, e.g. news=新製品のご案内"
    )


def _wrong(kind: Any, answer: str) -> str:
    try:
        TypeAdapter(kind).validate_python(answer)
    except ValidationError as error:
        problem = problems_of(error, Sender, "", answer, {})[0]
        return joined(": ", [part for part in (problem.message, problem.hint) if part])
    return ""
