"""Model of `tracking.yaml`: whose pages may send events, what matters on them, and what people are told about it."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sodate.messages import Message
from sodate.playbook.model import Definition, HttpUrl, Origin, Slug, unlike

PathPattern = Annotated[str, StringConstraints(pattern=r"^/[^*?#\s]*(\*[^*?#\s]*){0,2}$", max_length=200)]
Label = Annotated[str, StringConstraints(max_length=200)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
FieldValue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")]
Extension = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]
_EXTENSIONS = ("pdf", "zip", "xlsx", "docx", "pptx", "csv")


class TrackedPage(Definition):
    """A page whose view becomes an activity of the lead, once a session."""

    id: Slug
    path: PathPattern = Field(description="A page's path; `*` (two at most) stands for anything: /pricing/*")
    title: Label = ""
    product: Slug | None = None


class TrackedDownload(Definition):
    id: Slug
    path: PathPattern = Field(description="Path of the file; `*` (two at most) stands for anything.")
    title: Label = ""
    product: Slug | None = None


class CallToAction(Definition):
    """An element with the attribute `data-sodate-cta`."""

    id: Slug
    title: Label = ""


class EventField(Definition):
    """A field of a custom event. Only ids, numbers and flags: words of people could be personal data."""

    name: FieldName
    type: Literal["id", "number", "flag"] = "id"
    values: tuple[FieldValue, ...] = Field(default=(), max_length=100, description="The values of an id; empty: any.")

    @model_validator(mode="after")
    def _values_are_ids(self) -> Self:
        if self.values and self.type != "id":
            raise ValueError(Message("`values` goes with `type: id`"))
        return self


class CustomEvent(Definition):
    """`sodate("event", {name: <id>, …})` on a page."""

    id: Slug
    title: Label = ""
    fields: tuple[EventField, ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _fields_are_named_once(self) -> Self:
        _once("fields", (field.name for field in self.fields))
        return self


class Tracking(Definition):
    """`tracking.yaml`."""

    origins: tuple[Origin, ...] = Field(
        min_length=1, max_length=20, description="Sites whose pages may send events: https://www.example.jp"
    )
    consent: Literal["required", "not_required"] = Field(
        default="required", description="`required`: nothing is stored or sent before `sodate.consent(true)`."
    )
    retention_days: int = Field(default=90, ge=1, le=400, description="How long a session is kept after its end.")
    tokens_in_links: bool = Field(
        default=False, description="Marketing emails identify the reader: links to `origins` get a signed parameter."
    )
    download_extensions: tuple[Extension, ...] = Field(
        default=_EXTENSIONS, max_length=30, description="Links to such files are downloads."
    )
    pages: tuple[TrackedPage, ...] = Field(default=(), max_length=50)
    downloads: tuple[TrackedDownload, ...] = Field(default=(), max_length=50)
    ctas: tuple[CallToAction, ...] = Field(default=(), max_length=50)
    events: tuple[CustomEvent, ...] = Field(default=(), max_length=50)
    policy_url: HttpUrl | None = Field(default=None, description="Privacy policy, named in the notice.")
    purposes: tuple[Annotated[str, StringConstraints(min_length=1, max_length=300)], ...] = Field(
        default=(), max_length=10, description="Why it is sent, in the notice; empty: the standard sentence."
    )

    @model_validator(mode="after")
    def _ids_are_used_once(self) -> Self:
        unlike([page.id for page in self.pages], ("pages",), "id")
        unlike([download.id for download in self.downloads], ("downloads",), "id")
        # Both are asked for with `event = <id>`.
        _once("ctas` and `events", (*(cta.id for cta in self.ctas), *(event.id for event in self.events)))
        return self


def _once(key: str, names: Iterable[str]) -> None:
    seen = set[str]()
    for name in names:
        if name in seen:
            raise ValueError(Message("`{key}`: '{name}' is there twice", key=key, name=name))
        seen.add(name)


class Site:
    """The lookups of one version of `tracking.yaml`, built once per process."""

    def __init__(self, tracking: Tracking) -> None:
        self.tracking = tracking
        self.ctas = frozenset(cta.id for cta in tracking.ctas)
        self.events = {event.id: {field.name: field for field in event.fields} for event in tracking.events}

    def page(self, path: str) -> TrackedPage | None:
        """The first entry of `pages` whose pattern the path matches."""
        return next((page for pattern, page in self._pages if pattern.fullmatch(path)), None)

    def download(self, path: str) -> TrackedDownload | None:
        return next((one for pattern, one in self._downloads if pattern.fullmatch(path)), None)

    @cached_property
    def _pages(self) -> list[tuple[re.Pattern[str], TrackedPage]]:
        return [(_glob(page.path), page) for page in self.tracking.pages]

    @cached_property
    def _downloads(self) -> list[tuple[re.Pattern[str], TrackedDownload]]:
        return [(_glob(one.path), one) for one in self.tracking.downloads]


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
