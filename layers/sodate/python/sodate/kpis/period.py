"""Days, weeks, months and quarters of the KPI calendar: days are in the stage's time zone. Pure."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from sodate.errors import Invalid
from sodate.messages import Message

Span = Literal["week", "month", "quarter", "year"]
#: The longest period that is read: more days than this are several reports.
MOST_DAYS = 732
YEARS = (1900, 9000)
_FORM = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?|-?[Qq]([1-4])|-?[Ww](\d{2}))?")


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Raises: `Invalid`."""
        if not YEARS[0] <= self.first.year <= self.last.year <= YEARS[1]:
            raise Invalid(
                Message(
                    "{first} to {last}: write years from {least} to {most}",
                    first=self.first,
                    last=self.last,
                    least=YEARS[0],
                    most=YEARS[1],
                ),
                "period",
            )
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise Invalid(
                Message(
                    "{first} to {last}: a period has 1 to {most} days; choose a shorter one, the first day before"
                    " the last",
                    first=self.first,
                    last=self.last,
                    most=MOST_DAYS,
                ),
                "period",
            )

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.days))

    def before(self) -> "Period":
        """The period of the same length just before this one."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def period_around(span: Span, day: date) -> Period:
    """The week (from Monday), month, quarter or year that has this day."""
    if span == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6))
    months = {"month": 1, "quarter": 3, "year": 12}[span]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Period(date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1]))


def calendar_span_of(period: Period) -> Span | None:
    """The kind of calendar period, of which targets are; None: of no kind."""
    return next((span for span in get_args(Span) if period_around(span, period.first) == period), None)


def parse_period(text: str) -> Period:
    """`2026`, `2026-11`, `2026-11-27`, `2026-Q4` or `2026-W48`. Raises: `Invalid`."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise Invalid(
            Message("{text!r}: write a period as 2026, 2026-Q4, 2026-11, 2026-W48 or 2026-11-27", text=text), "period"
        )
    year, month, day, quarter, week = (int(part) if part else None for part in form.groups())
    try:
        if week is not None:
            return period_around("week", date.fromisocalendar(year or 0, week, 1))
        if quarter is not None:
            return period_around("quarter", date(year or 0, quarter * 3, 1))
        if day is not None:
            return Period(one := date(year or 0, month or 0, day), one)
        return period_around("year" if month is None else "month", date(year or 0, 1 if month is None else month, 1))
    except (ValueError, OverflowError) as error:
        raise Invalid(
            Message("{text!r}: the calendar has no such month, week or day; write one that exists", text=text), "period"
        ) from error


def day_of(hour: str, zone: str) -> str:
    """The local day on which a UTC hour (`2026-11-27T05`) begins, as text."""
    return _day_of(hour, zone)


@lru_cache(maxsize=4096)
def _day_of(hour: str, zone: str) -> str:
    at = datetime.fromisoformat(f"{hour}:00").replace(tzinfo=UTC)
    return at.astimezone(ZoneInfo(zone)).date().isoformat()


def begin_of(day: date, zone: str) -> datetime:
    """The first moment of the local day. The end of a day is the begin of the next one."""
    return datetime.combine(day, time.min, ZoneInfo(zone))


def end_of(day: date, zone: str) -> datetime:
    """The first moment after the local day."""
    return begin_of(day + timedelta(days=1), zone)


def today(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()
