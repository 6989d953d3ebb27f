"""When a step is due, in the sequence's own zone. Pure; the holiday tables come from the `holidays` library."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sodate.scenarios.sequence import Sequence, Step

_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


def is_business_day(day: date, country: str) -> bool:
    return day.weekday() < 5 and day not in _holidays(country, day.year)


def next_business_day(day: date, country: str) -> date:
    """`day` itself when it is one."""
    while not is_business_day(day, country):
        day += _DAY
    return day


def add_business_days(day: date, count: int, country: str) -> date:
    """Day 0 is the first business day at or after `day`."""
    day = next_business_day(day, country)
    for _ in range(count):
        day = next_business_day(day + _DAY, country)
    return day


def due_at(step: Step, sequence: Sequence, enrolled: datetime) -> datetime:
    """UTC time of a step, never before the enrolment.

    A time of day that had passed at enrolment moves to the next (business) day. A local time that a clock change skips
    means the same instant before the change (PEP 495, fold 0).
    """
    if step.delay.hours is not None:
        return enrolled + timedelta(hours=step.delay.hours)
    zone = ZoneInfo(sequence.time_zone)
    local = enrolled.astimezone(zone)
    at = time.fromisoformat(step.at) if step.at else local.time()
    if step.delay.business_days is not None:
        day = add_business_days(local.date(), step.delay.business_days, sequence.calendar)
        later = next_business_day(day + _DAY, sequence.calendar)
    else:
        day = local.date() + timedelta(days=step.delay.days or 0)
        later = day + _DAY
    due = _instant(day, at, zone)
    return due if due >= enrolled else _instant(later, at, zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
