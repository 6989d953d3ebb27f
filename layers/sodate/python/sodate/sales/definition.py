"""Sales definition of the playbook: owners, assignment, channels, digests, SLA and feedback options."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from sodate.activities.declared import Labels, Name
from sodate.conditions.language import ActivityName, AttributePath
from sodate.deals.definition import Currency, Deals
from sodate.email.mailing import Country, Line, LocalTime
from sodate.leads.time_zone import known_time_zone
from sodate.messages import Message
from sodate.playbook.model import Definition, HttpUrl, Slug
from sodate.sales.conversation import FeedbackKind

Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PLACEHOLDERS = ("company", "name")


class WorkingHours(Definition):
    """Local time of the owner, within one day. Public holidays and closing days are not working days."""

    # `from` is a word of the language; playbooks and stored versions say `from`.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    from_: LocalTime = Field(default="09:00", alias="from")
    until: LocalTime = "18:00"
    days: tuple[Day, ...] = Field(default=DAYS[:5], min_length=1, max_length=7)

    @model_validator(mode="after")
    def _in_one_day(self) -> Self:
        if self.from_ >= self.until:
            raise ValueError(Message("`from` must be earlier than `until`; a night shift is two owners"))
        return self


class Fit(Definition):
    """Matches a lead by one attribute. Values are compared after text folding (Ａ equals a)."""

    attribute: AttributePath
    contains: Text | None = None
    any_of: tuple[Text, ...] | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.contains is None) == (self.any_of is None):
            raise ValueError(Message("write exactly one of `contains`, `any_of`"))
        return self


class Channels(Definition):
    mail: bool = True
    slack: HttpUrl | None = Field(default=None, description="A Slack incoming webhook.")
    teams: HttpUrl | None = Field(default=None, description="A Teams Workflows webhook.")
    webhook: HttpUrl | None = Field(default=None, description="Signed by Standard Webhooks, e.g. for a CRM.")

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        if not (self.mail or self.slack or self.teams or self.webhook):
            raise ValueError(Message("no channel would be notified; leave `mail` on or name another channel"))
        return self


class Owner(Definition):
    id: Slug
    name: Text
    email: Annotated[str, StringConstraints(pattern=r"^[!-9;-?A-~]+@[a-z0-9.-]+$", max_length=254)]
    zone: str | None = Field(default=None, description="IANA time zone; empty: the sender's.")
    calendar: Country | None = Field(default=None, description="Public holidays of this country; empty: the mailing's.")
    working_hours: WorkingHours | None = Field(default=None, description="Empty: those of all owners.")
    capacity: int | None = Field(default=None, ge=1, le=500, description="Open signals at most.")
    territories: tuple[Fit, ...] = Field(default=(), max_length=50)
    products: tuple[Fit, ...] = Field(default=(), max_length=50)
    away_until: date | None = Field(default=None, description="Last day of an absence.")
    channels: Channels | None = Field(default=None, description="Empty: those of all owners.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and not known_time_zone(value):
            raise ValueError(
                Message("unknown time zone {value!r}; write an IANA name such as `Asia/Tokyo`", value=value)
            )
        return value


class Webhook(Definition):
    url: HttpUrl
    format: Literal["slack", "sodate"] = Field(default="slack", description="`slack`: `text` and `blocks` too.")


class Assignment(Definition):
    """First match wins: leads whose attribute contains the text belong to this owner."""

    attribute: AttributePath
    contains: Text
    owner: Slug


class Spread(Definition):
    """Assignment of leads without an owner and without a matching line of `assignments`."""

    by: tuple[Literal["territory", "product"], ...] = Field(default=(), max_length=2)
    then: Literal["round_robin", "default_owner"] = "round_robin"


class Digest(Definition):
    outside_working_hours: bool = Field(default=True, description="Hold signals until the owner works again.")
    at: LocalTime | None = Field(default=None, description="Not before this time; empty: when work begins.")


class Sla(Definition):
    answer_within_minutes: int = Field(default=240, ge=5, le=20_160, description="Minutes of working time.")
    escalate_to: Slug
    at_most: int = Field(default=1, ge=1, le=10, description="How often a signal is escalated.")


class Reason(Definition):
    id: Slug
    label: Line


_OTHER = (Reason(id="other", label="その他 / Other"),)


class Feedback(Definition):
    reject_reasons: tuple[Reason, ...] = Field(default=_OTHER, min_length=1, max_length=30)
    lost_reasons: tuple[Reason, ...] = Field(default=_OTHER, min_length=1, max_length=30)
    link_days: int = Field(default=14, ge=1, le=90, description="How long the link to answer works.")
    deal_days: int = Field(default=180, ge=1, le=730, description="The same for a lead that sales accepted.")
    currency: Currency = "JPY"

    def reasons_of(self, answer: FeedbackKind) -> tuple[Reason, ...]:
        return {FeedbackKind.REJECTED: self.reject_reasons, FeedbackKind.LOST: self.lost_reasons}.get(answer, ())


class Recycle(Definition):
    """Recycling to nurturing: the sequence to enroll in again, if the lead may still be emailed."""

    sequence: Slug
    after_days: int = Field(default=0, ge=0, le=730)


class Talk(Definition):
    """Suggested opening. All given criteria must match; `say` alone matches every lead."""

    activity: ActivityName | None = Field(default=None, description="Among the last things the lead did.")
    form: Slug | None = None
    link_contains: Text | None = None
    lead: Fit | None = None
    category: Slug | None = Field(default=None, description="Category of a reason.")
    say: Annotated[str, StringConstraints(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _narrows_an_activity(self) -> Self:
        if self.activity is None and (self.form or self.link_contains):
            raise ValueError(Message("`form` and `link_contains` narrow an `activity`; write which"))
        return self

    @model_validator(mode="after")
    def _known_placeholders(self) -> Self:
        for name in re.findall(r"\{([^{}]*)\}", self.say):
            if name not in PLACEHOLDERS:
                raise ValueError(Message("`say` knows no {{{name}}}, only {{company}} and {{name}}", name=name))
        return self


class Sales(Definition):
    owners: tuple[Owner, ...] = Field(min_length=1, max_length=200)
    default_owner: Slug
    assignments: tuple[Assignment, ...] = Field(default=(), max_length=200)
    assignment: Spread | None = None
    working_hours: WorkingHours | None = Field(default=None, description="Empty: everybody always works.")
    channels: Channels = Channels()
    webhook: Webhook | None = None
    digest: Digest | None = None
    sla: Sla | None = None
    feedback: Feedback = Feedback()
    deals: Deals = Deals()
    recycle: dict[Slug, Recycle] = Field(default={}, max_length=60, description="By reason.")
    talks: tuple[Talk, ...] = Field(default=(), max_length=100)
    activity_labels: dict[Name, Labels] = Field(
        default={}, max_length=100, description="Filled by `apply` from activities.yaml, for notifications."
    )
    quiet_days: int = Field(
        default=14, ge=0, le=365, description="A new rise within it joins what sales already has of the lead."
    )

    @model_validator(mode="after")
    def _known_owners(self) -> Self:
        known = {owner.id for owner in self.owners}
        escalation = [self.sla.escalate_to] if self.sla else []
        for wanted in (self.default_owner, *(a.owner for a in self.assignments), *escalation):
            if wanted not in known:
                raise ValueError(
                    Message(
                        "owner {wanted!r} is not in `owners` ({known})", wanted=wanted, known=", ".join(sorted(known))
                    )
                )
        return self

    @model_validator(mode="after")
    def _known_reasons(self) -> Self:
        known = {reason.id for answer in FeedbackKind for reason in self.feedback.reasons_of(answer)}
        for wanted in self.recycle:
            if wanted not in known:
                raise ValueError(
                    Message(
                        "`recycle`: {wanted!r} is no reason in `feedback` ({known})",
                        wanted=wanted,
                        known=", ".join(sorted(known)),
                    )
                )
        return self

    def owner(self, owner_id: str | None) -> Owner:
        """The owner with this id, or the default owner when the playbook no longer has them."""
        owners = {owner.id: owner for owner in self.owners}
        return owners.get(owner_id or "") or owners[self.default_owner]
