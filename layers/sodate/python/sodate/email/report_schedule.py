"""`reports.yaml`: which reports leave by email, to whom in the company, when. Pure.

Recipients are people of the company, never leads. Such an email is made of counters only, so its time does not depend
on how many leads there are.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sodate.email.mailing import Address, Line, LocalTime
from sodate.messages import Message
from sodate.playbook.model import Definition, Language, Slug, unlike

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: A report whose time passed during an outage still leaves; one that is later than this does not.
LATEST = timedelta(days=1)
#: Under which the daily announcement of the quarantine is claimed, as a report is under its id.
QUARANTINE = "quarantine"


class EmailedKind(StrEnum):
    """Reports that are made of counters."""

    KPI = "kpi"
    FUNNEL = "funnel"
    TEMPLATE = "template"
    ACQUISITION = "cohort"


class Occasion(NamedTuple):
    """One email: `at` which moment, about which days (both included)."""

    at: datetime
    first: date
    last: date


class ScheduledReport(Definition):
    """Each week on `weekday` about the week before (from Monday), or each month on `day` about the month before."""

    id: Slug
    title: Line | None = Field(default=None, description="Subject of the email; empty: the title of the report.")
    to: tuple[Address, ...] = Field(
        min_length=1, max_length=20, description="Addresses of the company; leads must not be among them."
    )
    every: Literal["week", "month"] = "week"
    weekday: Weekday | None = Field(default=None, description="With `every: week`; empty: monday.")
    day: Annotated[int, Field(ge=1, le=28)] | None = Field(
        default=None, description="With `every: month`: day of the month; empty: 1."
    )
    at: LocalTime = Field(default="08:00", description="In the sender's time zone.")
    language: Language | None = Field(default=None, description="Empty: the sender's.")
    reports: tuple[EmailedKind, ...] = Field(
        default=(EmailedKind.KPI, EmailedKind.FUNNEL), min_length=1, max_length=4, description="In this order."
    )

    @model_validator(mode="after")
    def _has_the_day_of_its_rhythm(self) -> Self:
        if self.every == "month" and self.weekday is not None:
            raise ValueError(Message("`weekday` belongs to `every: week`; with `every: month` write `day`"))
        if self.every == "week" and self.day is not None:
            raise ValueError(Message("`day` belongs to `every: month`; with `every: week` write `weekday`"))
        if len(set(self.to)) < len(self.to):
            raise ValueError(Message("`to` has an address twice"))
        if len(set(self.reports)) < len(self.reports):
            raise ValueError(Message("`reports` has a report twice"))
        return self

    def occasion(self, now: datetime, time_zone: str) -> Occasion:
        """The latest one that is not after `now`."""
        zone = ZoneInfo(time_zone)
        today = now.astimezone(zone).date()
        for days_ago in range(63):
            day = today - timedelta(days=days_ago)
            at = datetime.combine(day, time.fromisoformat(self.at), zone)
            if self._is_on(day) and at <= now:
                return Occasion(at, *self._reported(day))
        raise AssertionError("every span of two months has a week and a month")

    def due(self, now: datetime, time_zone: str) -> Occasion | None:
        found = self.occasion(now, time_zone)
        return found if now - found.at <= LATEST else None

    def _is_on(self, day: date) -> bool:
        if self.every == "month":
            return day.day == (self.day or 1)
        return _WEEKDAYS[day.weekday()] == (self.weekday or "monday")

    def _reported(self, day: date) -> tuple[date, date]:
        if self.every == "month":
            last = day.replace(day=1) - timedelta(days=1)
            return last.replace(day=1), last
        monday = day - timedelta(days=day.weekday() + 7)
        return monday, monday + timedelta(days=6)


class QuarantineAnnouncement(Definition):
    """Each day on which doubtful form posts arrived: how many wait, and how to look at them. Nothing personal."""

    to: tuple[Address, ...] = Field(
        min_length=1, max_length=20, description="Addresses of the company; leads must not be among them."
    )
    at: LocalTime = Field(default="09:00", description="In the sender's time zone.")
    language: Language | None = Field(default=None, description="Empty: the sender's.")

    def latest(self, now: datetime, time_zone: str) -> datetime:
        """The latest moment at which it is due that is not after `now`."""
        zone = ZoneInfo(time_zone)
        at = datetime.combine(now.astimezone(zone).date(), time.fromisoformat(self.at), zone)
        return at if at <= now else at - timedelta(days=1)


class ReportsFile(Definition):
    reports: tuple[ScheduledReport, ...] = Field(default=(), max_length=20)
    quarantine: QuarantineAnnouncement | None = Field(
        default=None, description="Who hears each day that doubtful form posts wait."
    )

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        unlike([one.id for one in self.reports], ("reports",), "id")
        if any(one.id == QUARANTINE for one in self.reports):
            raise ValueError(Message("`id: {id}` is that of the daily announcement; take another", id=QUARANTINE))
        if not self.reports and self.quarantine is None:
            raise ValueError(Message("write `reports` or `quarantine`: a file with neither sends nothing"))
        return self

    def report(self, report_id: str) -> ScheduledReport | None:
        return next((one for one in self.reports if one.id == report_id), None)
