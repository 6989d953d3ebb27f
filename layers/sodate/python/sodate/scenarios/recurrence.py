"""A recurrence: when something happens again and again (毎週月曜, 毎月第1金曜), and its instants. Pure.

dateutil evaluates the rule. A rule selects local days; each day has at most one occurrence, at `at`.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from sodate.email.eligibility.days import is_holiday
from sodate.email.mailing import LocalTime, is_closing_day
from sodate.messages import Message
from sodate.playbook.model import Definition, InvalidPart
from sodate.scenarios.local_time import Weekdays, first_valid, nearest_open_day, one_or_more
from sodate.scenarios.rrule_text import HORIZON, Parts, codes, named_weekdays, parse, rule_days

WeekOfMonth = Literal["first", "second", "third", "fourth", "last"]
_NUMBER: dict[WeekOfMonth, int] = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
DayOfMonth = Annotated[int, Field(ge=1, le=31)] | Literal["last"]
WeeksOfMonth = Annotated[tuple[WeekOfMonth, ...], one_or_more(WeekOfMonth), Field(min_length=1, max_length=5)]
DaysOfMonth = Annotated[tuple[DayOfMonth, ...], one_or_more(DayOfMonth), Field(min_length=1, max_length=31)]
#: Keys of the readable form, which `rrule` replaces.
_READABLE = ("every", "interval", "weekdays", "week_of_month", "day_of_month", "until", "times")
#: What each value of `every` needs besides; one of the lists, whole, and nothing of the others.
_NEEDS: dict[str, tuple[set[str], ...]] = {
    "day": (set(),),
    "week": ({"weekdays"},),
    "month": ({"day_of_month"}, {"week_of_month", "weekdays"}),
}
_HINTS = {
    "day": "`every: day` goes with `interval` only; write `every: week` for certain weekdays",
    "week": "`every: week` needs `weekdays`, for example `weekdays: [mon]`",
    "month": "`every: month` needs either `day_of_month`, or `week_of_month` and `weekdays`",
}


class Recurrence(Definition):
    """Either the readable form, which begins with `every`, or `rrule`.

    `day_of_month: 31` happens only in months that have it; `last` is the last day of each month.
    """

    every: Literal["day", "week", "month"] | None = None
    interval: int = Field(default=1, ge=1, le=366, description="2: every second day, week or month from `starting`.")
    weekdays: Weekdays | None = None
    week_of_month: (
        Annotated[tuple[WeekOfMonth, ...], one_or_more(WeekOfMonth), Field(min_length=1, max_length=5)] | None
    ) = Field(default=None, description="`first` with `weekdays: fri` is the first Friday of the month.")
    day_of_month: (
        Annotated[tuple[DayOfMonth, ...], one_or_more(DayOfMonth), Field(min_length=1, max_length=31)] | None
    ) = None
    rrule: str | None = Field(
        default=None, min_length=1, max_length=500, description="RFC 5545: FREQ=MONTHLY;BYDAY=1FR"
    )
    at: LocalTime
    starting: date = Field(
        ge=date(2000, 1, 1), le=date(2199, 12, 31), description="First day; intervals count from it."
    )
    until: date | None = Field(default=None, description="Last day, included.")
    times: int | None = Field(default=None, ge=1, le=9999, description="So many days of the rule, skipped ones too.")
    on_holiday: Literal["send", "skip", "before", "after"] = Field(
        default="send",
        description="On a day that is no business day: `send` all the same, `skip` it, or take the business day"
        " `before` or `after` it. Saturday and Sunday count as business days when the rule names them.",
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.every is None) == (self.rrule is None):
            raise ValueError(Message("write either `every` or `rrule`"))
        if self.rrule is not None:
            if besides := [name for name in _READABLE if getattr(self, name) != type(self).model_fields[name].default]:
                raise ValueError(
                    Message("`{besides}` does not go with `rrule`: write it in the rule", besides=besides[0])
                )
            parse(self.rrule)
        elif self.every is not None:
            _check_readable(self, self.every)
        return self

    @model_validator(mode="after")
    def _happens(self) -> Self:
        """A holiday calendar is not known here; weekends are."""
        parts = parts_of(self)
        named = named_weekdays(parts, self.starting)
        days = rule_days(parts, _first(self), self.starting + HORIZON, UTC)
        if self.on_holiday == "skip":
            days = (day for day in days if day.weekday() < 5 or day.weekday() in named)
        if next(days, None) is None:
            message = f"`{'every' if self.every else 'rrule'}`: this recurrence never happens"
            hint = "write days that exist, an `until` that is not before the first of them, or another `on_holiday`"
            raise InvalidPart(message, hint)
        return self


def _check_readable(recurrence: Recurrence, every: str) -> None:
    written = {name for name in ("weekdays", "week_of_month", "day_of_month") if getattr(recurrence, name) is not None}
    if written not in _NEEDS[every]:
        raise ValueError(_HINTS[every])
    if recurrence.until is not None and recurrence.times is not None:
        raise ValueError(Message("write `until` or `times`, not both"))


def parts_of(recurrence: Recurrence) -> Parts:
    """The RFC 5545 parts of a recurrence, by name."""
    if recurrence.rrule is not None:
        return parse(recurrence.rrule)
    frequency = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY"}[recurrence.every or ""]
    parts = {"FREQ": frequency, "INTERVAL": str(recurrence.interval)}
    if recurrence.weekdays is not None:
        numbers = tuple(_NUMBER[week] for week in recurrence.week_of_month or ())
        parts["BYDAY"] = codes(recurrence.weekdays, numbers)
    if recurrence.day_of_month is not None:
        parts["BYMONTHDAY"] = ",".join("-1" if day == "last" else str(day) for day in recurrence.day_of_month)
    if recurrence.until is not None:
        parts["UNTIL"] = f"{recurrence.until:%Y%m%d}"
    if recurrence.times is not None:
        parts["COUNT"] = str(recurrence.times)
    return parts


def occurrences(
    recurrence: Recurrence, after: datetime, time_zone: ZoneInfo, country: str, closing: tuple[str, ...] = ()
) -> Iterator[datetime]:
    """UTC instants of the recurrence later than `after`, each later than the one before it.

    `starting`, `until` and `times` bound the days of the rule; a day moved by `on_holiday` may lie outside. Two days
    that move to the same day are one occurrence. A local time that a clock change skips is the first valid instant
    after it; of a local time that comes twice, only the first counts. The search ends 40 years after `after`.
    """
    at, latest = time.fromisoformat(recurrence.at), after
    for day in _days(recurrence, after, time_zone, country, closing):
        instant = first_valid(day, at, time_zone)
        if instant > latest:
            latest = instant
            yield instant


def next_after(
    recurrence: Recurrence, after: datetime, time_zone: ZoneInfo, country: str, closing: tuple[str, ...] = ()
) -> datetime | None:
    """The first occurrence later than `after`; None when there is none."""
    return next(occurrences(recurrence, after, time_zone, country, closing), None)


def _days(
    recurrence: Recurrence, after: datetime, time_zone: ZoneInfo, country: str, closing: tuple[str, ...]
) -> Iterator[date]:
    """Local days of the occurrences in order, each once, shifted or without holidays."""
    parts = parts_of(recurrence)
    horizon = max(recurrence.starting, after.astimezone(time_zone).date()) + HORIZON
    days = rule_days(parts, _first(recurrence), horizon, time_zone)
    if recurrence.on_holiday == "send":
        yield from days
        return
    named = named_weekdays(parts, recurrence.starting)
    is_open = partial(_is_open, named=named, country=country, closing=closing)
    yield from _once(_moved(days, recurrence.on_holiday, is_open))


def _is_open(day: date, *, named: frozenset[int], country: str, closing: tuple[str, ...]) -> bool:
    """A business day; Saturday and Sunday count when the rule names them."""
    is_working = day.weekday() < 5 or day.weekday() in named
    return is_working and not is_holiday(day, country) and not is_closing_day(day, closing)


def _moved(
    days: Iterator[date], on_holiday: Literal["skip", "before", "after"], is_open: Callable[[date], bool]
) -> Iterator[date]:
    for day in days:
        if on_holiday != "skip":
            yield nearest_open_day(day, on_holiday, is_open)
        elif is_open(day):
            yield day


def _once(days: Iterator[date]) -> Iterator[date]:
    """Days in order without repetition. A shift keeps the order, so equal days are neighbours."""
    latest = date.min
    for day in days:
        if day > latest:
            latest = day
            yield day


def _first(recurrence: Recurrence) -> datetime:
    return datetime.combine(recurrence.starting, time.fromisoformat(recurrence.at))
