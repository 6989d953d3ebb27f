"""A broadcast (メールマガジン): one email, or variants of it, to the members of a segment, once or on a recurrence."""

from datetime import datetime, time
from typing import Annotated, Literal, Self

from pydantic import Field, NaiveDatetime, model_validator

from sodate.broadcasts.variants import BroadcastExperiment
from sodate.email.content.variables import GivenValues
from sodate.messages import Message
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
    variables: GivenValues = Field(default_factory=dict)
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
    experiment: BroadcastExperiment | None = None
    valid_hours: Annotated[int, Field(ge=1, le=LONGEST_VALIDITY_HOURS)] = Field(
        default=24, description="Later than this after its time, an email is skipped."
    )

    @model_validator(mode="after")
    def _has_one_schedule(self) -> Self:
        if (self.once is None) == (self.recurrence is None):
            raise ValueError(Message("write either `once` or `recurrence`"))
        if self.once is not None and (self.once.second or self.once.microsecond):
            raise ValueError(Message("`once` is a whole minute, for example `2026-12-04T10:00`"))
        return self

    @model_validator(mode="after")
    def _audience_matters(self) -> Self:
        if self.audience == "at_send" and self.local_time == "sender":
            raise ValueError(
                Message("`audience: at_send` goes with `local_time: recipient`; otherwise all get it at one time")
            )
        return self

    @model_validator(mode="after")
    def _experiment_has_one_clock(self) -> Self:
        experiment = self.experiment
        if experiment is None:
            return self
        if self.local_time == "recipient" and (experiment.is_sampled or experiment.has_times):
            raise ValueError(
                Message(
                    "an experiment with a sample or with send times needs `local_time: sender`, for one moment of"
                    " decision"
                )
            )
        first = self.time_of_day
        early = next((one.id for one in experiment.variants if one.at and time.fromisoformat(one.at) < first), None)
        if early is not None:
            raise ValueError(
                Message(
                    "variant '{early}' is earlier than the broadcast: give the broadcast the earliest time", early=early
                )
            )
        return self

    @property
    def time_of_day(self) -> time:
        if self.once is not None:
            return self.once.time()
        return time.fromisoformat(self.recurrence.at) if self.recurrence else time.min

    def templates(self) -> tuple[str, ...]:
        """Every template that a lead may get, the broadcast's own first."""
        variants = self.experiment.variants if self.experiment else ()
        return tuple(dict.fromkeys([self.template, *(one.template for one in variants if one.template)]))

    @model_validator(mode="after")
    def _segments_differ(self) -> Self:
        if self.segment in self.exclude or len(set(self.exclude)) != len(self.exclude):
            raise ValueError(Message("`segment` and `exclude` name each segment once"))
        return self


#: Of a run: its local day and time, as part of a key.
_OCCURRENCE = "%Y%m%dT%H%M"


def occurrence_of(local: datetime) -> str:
    """`local`: what the clock shows, without a time zone."""
    return local.strftime(_OCCURRENCE)


def local_of(occurrence: str) -> datetime:
    """Raises: `ValueError`."""
    return datetime.strptime(occurrence, _OCCURRENCE)  # noqa: DTZ007  a local time has no zone
