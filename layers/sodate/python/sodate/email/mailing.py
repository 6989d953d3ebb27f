"""Sender, topics and sending rules; the footer shows what 特定電子メール法 4条 requires."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from sodate.conditions.evaluate import random_bucket
from sodate.consent.data_policy import DataPolicy
from sodate.email.brand import Brand
from sodate.messages import Message
from sodate.playbook.model import Definition, HttpUrl, Language, Origin, Slug

#: No control characters and no line or paragraph separators: the text is used in headers.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
LocalTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_DAY = r"(\d{4}-)?\d{2}-\d{2}"
ClosingDay = Annotated[str, StringConstraints(pattern=rf"^{_DAY}(\.\.{_DAY})?$")]
Address = Annotated[str, StringConstraints(pattern=r"^[!-9;-?A-~]+@[a-z0-9.-]+$", max_length=254)]


def is_closing_day(day: date, closing: Iterable[str]) -> bool:
    """Entries are `2026-05-01`, `08-13` (every year), or a range of either; `12-29..01-03` crosses New Year."""
    return any(_covers(entry, day) for entry in closing)


def _covers(entry: str, day: date) -> bool:
    first, _, last = entry.partition("..")
    last = last or first
    text = day.isoformat()[-len(first) :]
    return first <= text <= last if first <= last else text >= first or text <= last


class Sender(Definition):
    name: Line = Field(description="Sender name (送信者の氏名又は名称), shown in From and in the footer.")
    from_address: Address
    reply_to: Address | None = None
    postal_address: Line = Field(description="住所 of the sender.")
    contact: Line = Field(description="Where complaints and questions go: address, URL or telephone.")
    website: HttpUrl | None = None
    language: Language = "ja"
    time_zone: str = "Asia/Tokyo"


class Topic(Definition):
    id: Slug
    name: Line
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    strict: bool = Field(
        default=False,
        description="Never a second attempt for emails of this topic: unknown sends wait for an operator.",
    )


class Cap(Definition):
    """At most `at_most` marketing emails to one lead within the last 1, 7 or 30 days (sliding, not by calendar)."""

    per: Literal["day", "week", "month"]
    at_most: int = Field(ge=1, le=31)
    topic: Slug | None = Field(default=None, description="Only emails of this topic count; empty: all marketing email.")

    @property
    def days(self) -> int:
        return {"day": 1, "week": 7, "month": 30}[self.per]


class QuietHours(Definition):
    """No marketing email from `from` until `until`, in the lead's local time; it may cross midnight."""

    # `from` is a Python keyword; playbooks and stored versions use `from`.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    from_: LocalTime = Field(alias="from")
    until: LocalTime

    @model_validator(mode="after")
    def _leaves_some_of_the_day(self) -> Self:
        if self.from_ == self.until:
            raise ValueError(
                Message("`from` and `until` are the same time; leave `quiet_hours` out to send at any hour")
            )
        return self


class SoftBounces(Definition):
    """`limit` transient bounces among the last `of_last` emails block an address; a delivery resets the count."""

    limit: int = Field(default=3, ge=1, le=20)
    of_last: int = Field(default=5, ge=1, le=50)

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.limit > self.of_last:
            raise ValueError(Message("`limit` cannot be more than `of_last`"))
        return self


class TransactionalGuard(Definition):
    """Shares of the opt-in emails of the last 24 hours at which such email to unconfirmed addresses waits.

    An address from a form bounces more often than a confirmed one, so the limits are wider.
    """

    bounce_rate: float = Field(default=0.1, gt=0, le=0.5)
    complaint_rate: float = Field(default=0.01, gt=0, le=0.1)
    at_least: int = Field(default=200, ge=1, description="The shares apply from this many opt-in emails on.")


class Guards(Definition):
    """Shares of the emails of the last seven days at which marketing email pauses; half of a limit is a warning.

    SES reviews accounts from 5 % bounces and 0.1 % complaints and stops them at 10 % and 0.5 %; Gmail rejects at 0.3 %.
    """

    bounce_rate: float = Field(default=0.05, gt=0, le=0.1)
    complaint_rate: float = Field(default=0.003, gt=0, le=0.005)
    at_least: int = Field(default=1000, ge=1, description="The shares apply from this many emails on.")
    soft_bounces: SoftBounces = SoftBounces()
    transactional: TransactionalGuard = TransactionalGuard()


class WarmUp(Definition):
    """A new sender's daily ceiling: `first_day` emails, then `daily_growth` times as many each day until `until`."""

    start: date
    first_day: int = Field(default=200, ge=1)
    daily_growth: float = Field(default=1.5, ge=1.05, le=3)
    until: int = Field(description="From this many emails a day on there is no ceiling.")

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.until <= self.first_day:
            raise ValueError(Message("`until` must be more than `first_day`"))
        return self


class Robots(Definition):
    """How opens and clicks of robots are told from those of people."""

    wait_seconds: int = Field(
        default=10, ge=10, le=300, description="How long a click waits for its neighbours before it triggers anything."
    )
    hidden_link: bool = Field(
        default=False, description="A link in each marketing email that no person sees: whoever follows it is a robot."
    )
    unsure_counts: bool = Field(
        default=False, description="A click of which nobody can tell who did it counts as a person's."
    )


class Replies(Definition):
    """What becomes of replies, on a stage with a `reply_domain`. Their texts are stored nowhere, unless asked for."""

    forward: bool = Field(default=True, description="Forward replies to the lead's owner, as text.")
    forward_to: Address | None = Field(
        default=None, description="Where replies of leads without an owner go; empty: the default owner."
    )
    forwards_per_day: int = Field(default=10, ge=1, le=50, description="Per lead: the rest is only recorded.")
    store_body: bool = Field(default=False, description="Store the text of replies with the lead.")
    retention_days: int = Field(default=90, ge=1, le=730, description="How long a stored text is kept.")


_GLOBAL_HOLDOUT = "global-holdout"
#: Maximum length of one closing in days; open days must remain.
LONGEST_CLOSING = 60
_CAPS = (Cap(per="day", at_most=2), Cap(per="week", at_most=5))
_NIGHT = QuietHours(from_="21:00", until="08:00")


def _day(entry: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = Message("{entry!r}: there is no such day; write one that exists, such as `12-29`", entry=entry)
        raise ValueError(message) from error


class Mailing(Definition):
    """`playbook.yaml`: the sender, the topics of consent, and when and how much is sent."""

    sender: Sender
    brand: Brand = Brand()
    topics: tuple[Topic, ...] = Field(min_length=1, max_length=50)
    caps: tuple[Cap, ...] = Field(default=_CAPS, max_length=10)
    quiet_hours: QuietHours | None = _NIGHT
    send_days: Literal["any", "business"] = "any"
    calendar: Country = Field(default="JP", description="Country whose public holidays are no business days.")
    closing_days: tuple[ClosingDay, ...] = Field(
        default=(), max_length=100, description="Days without email: `2026-05-01`, yearly `08-13`, or `12-29..01-03`."
    )
    guards: Guards = Guards()
    robots: Robots = Robots()
    warm_up: WarmUp | None = None
    replies: Replies = Replies()
    seed_contacts: tuple[Address, ...] = Field(
        default=(), max_length=20, description="Who gets test sends of broadcasts (`sodate broadcast test`)."
    )
    global_holdout: float = Field(
        default=0,
        ge=0,
        le=50,
        description="Percent of the leads that get no marketing email at all, to measure what all of it causes.",
    )
    tracked_origins: SkipJsonSchema[tuple[Origin, ...]] = Field(
        default=(), description="Written by `apply` from tracking.yaml: links to these sites say who opens them."
    )
    retention_years: int = Field(
        default=3, ge=1, le=10, description="How long evidence of consent is kept after it was withdrawn."
    )
    privacy: DataPolicy = DataPolicy()

    def is_kept_out(self, lead_id: str) -> bool:
        """Whether the lead is in the global holdout. A higher share adds leads, and lets none go."""
        return random_bucket(_GLOBAL_HOLDOUT, lead_id) < self.global_holdout

    @property
    def retention(self) -> timedelta:
        return timedelta(days=366 * self.retention_years)

    @model_validator(mode="after")
    def _closing_days_leave_open_days(self) -> Self:
        for entry in self.closing_days:
            ends = entry.split("..")
            if len({len(end) for end in ends}) > 1:
                raise ValueError(Message("{entry!r}: write both ends with a year, or both without", entry=entry))
            # 2000 and 2001: a leap year, and the next one for a range over New Year.
            first, last = (_day(entry, end if len(end) > 5 else f"2000-{end}") for end in (ends[0], ends[-1]))
            if last < first and len(ends[0]) > 5:
                raise ValueError(Message("{entry!r} ends before it begins", entry=entry))
            if (last - first).days % 366 > LONGEST_CLOSING:
                raise ValueError(
                    Message(
                        "{entry!r} is longer than {longest_closing} days; pause the sequences instead",
                        entry=entry,
                        longest_closing=LONGEST_CLOSING,
                    )
                )
        yearly = [entry for entry in self.closing_days if len(entry.split("..")[0]) == 5]
        if sum(is_closing_day(date(2000, 1, 1) + timedelta(days=n), yearly) for n in range(366)) > 2 * LONGEST_CLOSING:
            raise ValueError(Message("the yearly closing days leave too few open ones"))
        return self
