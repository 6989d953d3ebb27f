"""A sequence (step mail, ステップメール): linear, started by a confirmed opt-in, one template per step."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sodate.email.content.variables import GivenValues
from sodate.email.mailing import LocalTime
from sodate.leads.time_zone import known_time_zone
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug, unlike


class Start(Definition):
    on: Literal["opt_in_confirmed"] = "opt_in_confirmed"
    forms: tuple[Slug, ...] = Field(default=(), description="Only opt-ins from these forms; empty: from any form.")


class Delay(Definition):
    """Time from enrollment to the step. Exactly one of the three."""

    days: int | None = Field(default=None, ge=0, le=730)
    hours: int | None = Field(default=None, ge=0, le=24 * 90)
    business_days: int | None = Field(default=None, ge=0, le=500)

    @model_validator(mode="after")
    def _exactly_one_unit(self) -> Self:
        if sum(unit is not None for unit in (self.days, self.hours, self.business_days)) != 1:
            raise ValueError(Message("write exactly one of `days`, `hours`, `business_days`"))
        return self


class Step(Definition):
    id: Slug
    template: Slug
    variables: GivenValues = Field(default_factory=dict)
    delay: Delay
    at: LocalTime | None = Field(default=None, description="Local time of day, e.g. `10:00`; not with `hours`.")
    valid_hours: int = Field(default=72, ge=1, le=24 * 30, description="Later than this after its time, it is skipped.")

    @model_validator(mode="after")
    def _time_of_day_only_for_days(self) -> Self:
        if self.at is not None and self.delay.hours is not None:
            raise ValueError(Message("`at` does not go with `delay.hours`"))
        return self


class Sequence(Definition):
    id: Slug
    title: str = Field(default="", max_length=200)
    status: Literal["running", "paused"] = "running"
    topic: Slug = Field(description="Consent topic that every email of this sequence needs.")
    priority: Literal["step", "broadcast"] = Field(
        default="step",
        description="When SES's rate is short, transactional email goes first, then `step`, then `broadcast`.",
    )
    strict: bool = Field(
        default=False,
        description="Never a second attempt: an email whose outcome is unknown stays on the list for an operator.",
    )
    start: Start = Start()
    time_zone: str = "Asia/Tokyo"
    calendar: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(
        default="JP", description="Country whose public holidays are no business days."
    )
    steps: tuple[Step, ...] = Field(min_length=1, max_length=100)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not known_time_zone(value):
            raise ValueError(
                Message("unknown time zone {value!r}; write an IANA name such as `Asia/Tokyo`", value=value)
            )
        return value

    @model_validator(mode="after")
    def _steps_are_named_once(self) -> Self:
        unlike([step.id for step in self.steps], ("steps",), "id")
        return self
