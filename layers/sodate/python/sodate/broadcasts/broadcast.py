"""A broadcast (メールマガジン): one template to the members of a segment, once or on a recurrence."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, NaiveDatetime, model_validator

from sodate.playbook.model import Definition, Slug
from sodate.scenarios.recurrence import Recurrence

LONGEST_VALIDITY_HOURS = 7 * 24


class Broadcast(Definition):
    id: Slug
    title: str = Field(default="", max_length=200)
    status: Literal["draft", "released"] = Field(
        default="draft", description="Only a `released` broadcast can be approved (`sodate broadcast approve`)."
    )
    topic: Slug = Field(description="Consent topic that every email of this broadcast needs.")
    template: Slug
    segment: Slug
    exclude: tuple[Slug, ...] = Field(
        default=(), max_length=20, description="Members of one of these segments get nothing."
    )
    once: NaiveDatetime | None = Field(default=None, description="Local day and time, e.g. `2026-12-04T10:00`.")
    recurrence: Recurrence | None = None
    local_time: Literal["sender", "recipient"] = Field(
        default="sender",
        description="Whose clock shows the time: the sender's (everybody at once), or that of each recipient.",
    )
    audience: Literal["frozen", "at_send"] = Field(
        default="frozen",
        description="With the recipients' local time: who is in the segment when the first time zone begins, or when"
        " each time zone begins. Who leaves the segment before the email is sent gets nothing in either case.",
    )
    valid_hours: Annotated[int, Field(ge=1, le=LONGEST_VALIDITY_HOURS)] = Field(
        default=24, description="Later than this after its time, an email is skipped."
    )

    @model_validator(mode="after")
    def _has_one_schedule(self) -> Self:
        if (self.once is None) == (self.recurrence is None):
            raise ValueError("write either `once` or `recurrence`")
        if self.once is not None and (self.once.second or self.once.microsecond):
            raise ValueError("`once` is a whole minute, for example `2026-12-04T10:00`")
        return self

    @model_validator(mode="after")
    def _audience_matters(self) -> Self:
        if self.audience == "at_send" and self.local_time == "sender":
            raise ValueError("`audience: at_send` goes with `local_time: recipient`; otherwise all get it at one time")
        return self

    @model_validator(mode="after")
    def _segments_differ(self) -> Self:
        if self.segment in self.exclude or len(set(self.exclude)) != len(self.exclude):
            raise ValueError("`segment` and `exclude` name each segment once")
        return self


#: Of a run: its local day and time, as part of a key.
_OCCURRENCE = "%Y%m%dT%H%M"


def occurrence_of(local: datetime) -> str:
    """`local`: what the clock shows, without a time zone."""
    return local.strftime(_OCCURRENCE)


def local_of(occurrence: str) -> datetime:
    """Raises: `ValueError`."""
    return datetime.strptime(occurrence, _OCCURRENCE)  # noqa: DTZ007  a local time has no zone
