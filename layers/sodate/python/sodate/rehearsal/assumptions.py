"""What a rehearsal assumes of people (`rehearsal.yaml`): who they are, how they answer emails, what sales does."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sodate.activities.catalog import ActivityType
from sodate.conditions.language import AttributePath
from sodate.leads.time_zone import find_time_zone
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug

Percent = Annotated[float, Field(ge=0, le=100)]
Weight = Annotated[float, Field(gt=0, le=1e6)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_MINUTES_OF_A_YEAR = 366 * 24 * 60


class Days(Definition):
    """A date that lies within this many days of the first day of the rehearsal; negative: before it."""

    in_days: tuple[int, int]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.in_days
        if not -3650 <= first <= last <= 3650:
            raise ValueError(Message("`in_days` is the first and the last day, from -3650 to 3650"))
        return self


class Emails(Definition):
    """How people answer an email. Percent; each share is of the group before it."""

    bounced: Percent = Field(default=0.4, description="Of the emails sent: hard bounces.")
    opened: Percent = Field(default=25.0, description="Of the emails delivered, by a person.")
    clicked: Percent = Field(default=12.0, description="Of the emails opened.")
    unsubscribed: Percent = Field(default=0.2, description="Of the emails delivered.")
    complained: Percent = Field(default=0.005, description="Of the emails delivered.")
    minutes_to_open: int = Field(
        default=180, ge=1, le=_MINUTES_OF_A_YEAR, description="Half of those who open have done so by then."
    )


class Habit(Definition):
    """What a person does without an email, at random times."""

    activity: ActivityType
    per_week: float = Field(gt=0, le=100, description="On average, for each person.")
    about: dict[Slug, tuple[Value, ...]] = Field(
        default={}, description="Attribute → values, one of which is drawn, e.g. `page: [/pricing, /]`."
    )

    @field_validator("about")
    @classmethod
    def _has_values(cls, about: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if empty := [name for name, values in about.items() if not values]:
            raise ValueError(Message("`{empty}` has no value", empty=empty[0]))
        return about


class People(Definition):
    """Who takes part. Those who are not `existing` arrive through a form, evenly over the days of the rehearsal."""

    existing: Percent = Field(default=50.0, description="Are there on the first day, with a confirmed opt-in.")
    opt_in: Percent = Field(default=60.0, description="Of those who arrive: confirm their opt-in.")
    minutes_to_opt_in: int = Field(default=20, ge=1, le=_MINUTES_OF_A_YEAR, description="Half have confirmed by then.")
    quiet_for_days: int = Field(
        default=120, ge=0, le=3650, description="The last activity of an existing lead is at most so old."
    )
    forms: dict[Slug, Weight] = Field(default={}, description="Form → weight; empty: every form alike.")
    time_zones: dict[str, Weight] = Field(default={}, description="IANA name → weight; empty: unknown.")
    fields: dict[AttributePath, dict[Value, Weight] | Days] = Field(
        default={}, description="Field of the profile → values with weights, or a date: `{in_days: [0, 365]}`."
    )

    @field_validator("time_zones")
    @classmethod
    def _known(cls, zones: dict[str, float]) -> dict[str, float]:
        if unknown := [name for name in zones if find_time_zone(name) is None]:
            raise ValueError(
                Message("unknown time zone {unknown!r}; write an IANA name such as `Asia/Tokyo`", unknown=unknown[0])
            )
        return zones


class SalesAnswers(Definition):
    """What sales does with a lead that it is told of."""

    days_to_answer: float = Field(default=1.0, ge=0, le=365, description="Half of the answers have come by then.")
    accepted: Percent = Field(default=60.0, description="The others are rejected.")
    meeting: Percent = Field(default=50.0, description="Of the accepted ones.")
    won: Percent = Field(default=20.0, description="Of the meetings; the others are lost.")


class Sending(Definition):
    per_second: float = Field(default=14.0, gt=0, le=10_000, description="SES's rate of the account.")
    per_day: int = Field(default=50_000, ge=1, le=100_000_000, description="SES's quota of the account in 24 hours.")
    usd_per_thousand: float = Field(default=0.10, ge=0, le=100)


class Assumptions(Definition):
    """`rehearsal.yaml`. Nothing of it is published; only `sodate scenario rehearse` reads it."""

    people: People = People()
    emails: Emails = Emails()
    templates: dict[Slug, Emails] = Field(default={}, description="Template → instead of `emails`.")
    habits: tuple[Habit, ...] = Field(default=(), max_length=50)
    sales: SalesAnswers = SalesAnswers()
    sending: Sending = Sending()

    def emails_of(self, template: str) -> Emails:
        return self.templates.get(template, self.emails)
