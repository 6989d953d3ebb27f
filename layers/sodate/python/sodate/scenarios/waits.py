"""Typed waits of a scenario, and the pure function from a wait to the instant at which it ends.

Quiet hours and closed days of email are no part of a wait: the send that follows it applies them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import chain
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Discriminator, Field, Tag

from sodate.conditions.evaluate import date_of
from sodate.conditions.language import AttributePath
from sodate.email.eligibility.days import add_business_days, is_business_day
from sodate.email.mailing import LocalTime
from sodate.playbook.model import Definition
from sodate.scenarios.local_time import (
    WEEKDAYS,
    Weekdays,
    business_days_from,
    days_from,
    first_not_before,
    first_valid,
    nearest_open_day,
)

AlreadyPast = Literal["continue", "skip", "end"]
MissingDate = Literal["skip", "end"]
#: Years of a profile date that count; any other year is a typing error.
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class Elapsed(Definition):
    """Time that passes regardless of clock changes. The keys add up: `hours: 1` and `minutes: 30` are 90 minutes."""

    minutes: int = Field(default=0, ge=0, le=60 * 24)
    hours: int = Field(default=0, ge=0, le=24 * 90)
    days_of_24_hours: int = Field(default=0, ge=0, le=730)


class CalendarDays(Definition):
    """So many days on the lead's calendar; without `at`, at the same local time of day."""

    days: int = Field(ge=0, le=730)
    at: LocalTime | None = Field(default=None, description="Local time of day; when it has passed, the next day.")


class BusinessDays(Definition):
    """So many business days; 0 is today, or the next business day when today is none."""

    business_days: int = Field(ge=0, le=500)
    at: LocalTime | None = Field(default=None, description="Local time of day; if passed, the next business day.")


class UntilTime(Definition):
    """Until the local clock next shows this time of day; no wait at all when it shows it now."""

    until: LocalTime


class OnWeekday(Definition):
    """Until the next of these weekdays, which may be today; without `at`, at the same local time of day."""

    weekday: Weekdays
    at: LocalTime | None = Field(default=None, description="Local time of day; when it has passed, the next such day.")


class OnDate(Definition):
    """Until a date of the profile (契約更新日の30日前: `days: -30`), at a local time of day."""

    date: AttributePath
    days: int = Field(default=0, ge=-3650, le=3650, description="Days after the date; negative: before it.")
    at: LocalTime
    on_holiday: Literal["keep", "before", "after"] = Field(
        default="keep",
        description="When the day is no business day: `keep` it, or take the business day `before` or `after` it.",
    )
    already_past: AlreadyPast = Field(
        description="When the lead comes here after that time: `continue` with the next step at once, `skip` the next"
        " step, or `end` the scenario for this lead."
    )
    missing: MissingDate = Field(
        default="end", description="When the profile has no such date: `skip` the next step, or `end` the scenario."
    )


_KINDS: dict[str, type[Definition]] = {
    "elapsed": Elapsed,
    "days": CalendarDays,
    "business_days": BusinessDays,
    "until": UntilTime,
    "weekday": OnWeekday,
    "date": OnDate,
}
_ELAPSED = frozenset(Elapsed.model_fields)
_HEADS = _KINDS.keys() - {"elapsed"}


def _kind_of(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return next((kind for kind, model in _KINDS.items() if isinstance(value, model)), None)
    if not isinstance(value, dict):
        return None
    if "date" in value:
        return "date"
    kinds = {"elapsed" if key in _ELAPSED else key for key in value if key in _ELAPSED or key in _HEADS}
    return kinds.pop() if len(kinds) == 1 else None


Wait = Annotated[
    Annotated[Elapsed, Tag("elapsed")]
    | Annotated[CalendarDays, Tag("days")]
    | Annotated[BusinessDays, Tag("business_days")]
    | Annotated[UntilTime, Tag("until")]
    | Annotated[OnWeekday, Tag("weekday")]
    | Annotated[OnDate, Tag("date")],
    Discriminator(
        _kind_of,
        custom_error_type="wait_kind",
        custom_error_message="write exactly one of `minutes`/`hours`/`days_of_24_hours`, `days`, `business_days`,"
        " `until`, `weekday`, `date`",
    ),
]
_OnDays = CalendarDays | BusinessDays | UntilTime | OnWeekday


@dataclass(frozen=True)
class LocalCalendar:
    """The lead's time zone, the country of the public holidays, and the closing days of the playbook."""

    time_zone: ZoneInfo
    country: str
    closing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """The wait ends at `at` (UTC), which is never before the entry."""

    at: datetime


@dataclass(frozen=True)
class Past:
    """The wait had ended before the lead came to it."""

    policy: AlreadyPast


@dataclass(frozen=True)
class Missing:
    """The profile has no date to wait for."""

    policy: MissingDate


def end_of_wait(
    wait: Wait, entered: datetime, calendar: LocalCalendar, attribute: Callable[[str], Any]
) -> Due | Past | Missing:
    """When a wait ends that begins at `entered`. `attribute`: the profile's value of a path (`Profile.attribute`).

    A local time that a clock change skips is the first valid instant after it; of a local time that comes twice, only
    the first counts.
    """
    if isinstance(wait, OnDate):
        return _on_date(wait, entered, calendar, attribute(wait.date))
    if isinstance(wait, Elapsed):
        passed = timedelta(days=wait.days_of_24_hours, hours=wait.hours, minutes=wait.minutes)
        return Due(entered.astimezone(UTC) + passed)
    return Due(_on_days(wait, entered, calendar))


def _on_date(wait: OnDate, entered: datetime, calendar: LocalCalendar, value: Any) -> Past | Due | Missing:
    day = date_of(value)
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return Missing(wait.missing)
    day += timedelta(days=wait.days)
    if wait.on_holiday != "keep":
        day = nearest_open_day(day, wait.on_holiday, lambda d: is_business_day(d, calendar.country, calendar.closing))
    at = first_valid(day, time.fromisoformat(wait.at), calendar.time_zone)
    return Due(at) if at >= entered else Past(wait.already_past)


def _on_days(wait: _OnDays, entered: datetime, calendar: LocalCalendar) -> datetime:
    local = entered.astimezone(calendar.time_zone)
    days = _days(wait, local.date(), calendar)
    written = wait.until if isinstance(wait, UntilTime) else wait.at
    if written is not None:
        at = time.fromisoformat(written)
        return first_not_before(entered, days, partial(first_valid, at=at, time_zone=calendar.time_zone))
    first = next(days)
    if first == local.date():
        return entered.astimezone(UTC)
    later = partial(first_valid, at=local.time(), time_zone=calendar.time_zone)
    return first_not_before(entered, chain((first,), days), later)


def _days(wait: _OnDays, today: date, calendar: LocalCalendar) -> Iterator[date]:
    """Days at which the wait can end, in order; never empty."""
    match wait:
        case CalendarDays():
            return days_from(today + timedelta(days=wait.days))
        case BusinessDays():
            first = add_business_days(today, wait.business_days, calendar.country, calendar.closing)
            return business_days_from(first, calendar.country, calendar.closing)
        case OnWeekday():
            return (day for day in days_from(today) if WEEKDAYS[day.weekday()] in wait.weekday)
        case _:
            return days_from(today)
