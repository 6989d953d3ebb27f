"""Working hours of an owner in their time zone, with holidays and closing days. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sodate.email.eligibility.days import is_holiday
from sodate.email.mailing import Mailing, is_closing_day
from sodate.sales.definition import DAYS, Owner, Sales, WorkingHours

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
#: An owner without a working day in this range is notified at once rather than never.
_LOOK_AHEAD_DAYS = 400


@dataclass(frozen=True)
class Office:
    """`hours` None: always open."""

    hours: WorkingHours | None
    time_zone: ZoneInfo
    country: str
    closing: tuple[str, ...]

    def today(self, at: datetime) -> date:
        return at.astimezone(self.time_zone).date()

    def windows(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working time from `at` on, as spans in UTC."""
        if self.hours is None:
            yield at, at + _LOOK_AHEAD_DAYS * _DAY
            return
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = self.today(at) + ahead * _DAY
            begin, end = self._at(day, self.hours.from_), self._at(day, self.hours.until)
            if end > at and self._is_working_day(day, self.hours):
                yield max(begin, at), end

    def is_open(self, at: datetime) -> bool:
        return any(begin <= at for begin, _ in _first(self.windows(at)))

    def digest_at(self, at: datetime, earliest: str | None) -> datetime:
        """When work begins again, or `earliest` on that day; the first such moment after `at`."""
        for begin, end in self.windows(at):
            moment = max(begin, self._at(self.today(begin), earliest)) if earliest else begin
            if moment > at and moment < end:
                return moment
        return at

    def after(self, at: datetime, minutes: int) -> datetime:
        """`at` plus so many minutes of working time."""
        left = minutes * _MINUTE
        for begin, end in self.windows(at):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        return at + minutes * _MINUTE

    def _is_working_day(self, day: date, hours: WorkingHours) -> bool:
        is_free = is_holiday(day, self.country) or is_closing_day(day, self.closing)
        return DAYS[day.weekday()] in hours.days and not is_free

    def _at(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), self.time_zone).astimezone(UTC)


def _first(windows: Iterator[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    window = next(windows, None)
    return [window] if window else []


def office_of(owner: Owner, sales: Sales, mailing: Mailing) -> Office:
    return Office(
        hours=owner.working_hours or sales.working_hours,
        time_zone=ZoneInfo(owner.zone or mailing.sender.time_zone),
        country=owner.calendar or mailing.calendar,
        closing=mailing.closing_days,
    )
