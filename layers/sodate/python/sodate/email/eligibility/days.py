"""Business days: weekdays without public holidays (from the `holidays` library) and without the closing days."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from sodate.email.mailing import is_closing_day

_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


def is_holiday(day: date, country: str) -> bool:
    return day in _holidays(country, day.year)


def is_business_day(day: date, country: str, closing: Sequence[str] = ()) -> bool:
    return day.weekday() < 5 and not is_holiday(day, country) and not is_closing_day(day, closing)


def next_business_day(day: date, country: str, closing: Sequence[str] = ()) -> date:
    """`day` itself when it is a business day."""
    while not is_business_day(day, country, closing):
        day += _DAY
    return day


def add_business_days(day: date, count: int, country: str, closing: Sequence[str] = ()) -> date:
    """Day 0 is the first business day at or after `day`."""
    day = next_business_day(day, country, closing)
    for _ in range(count):
        day = next_business_day(day + _DAY, country, closing)
    return day
