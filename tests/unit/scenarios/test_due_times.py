"""When a step is due: business days, Japanese holidays, clock changes; properties over years of enrollments."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.email.eligibility.days import add_business_days, is_business_day, next_business_day
from sodate.scenarios.calendar import due_at
from sodate.scenarios.sequence import Delay, Sequence, Step

ZONES = ("Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu")
TOKYO = ZoneInfo("Asia/Tokyo")


def sequence(time_zone: str = "Asia/Tokyo", calendar: str = "JP") -> Sequence:
    step = {"id": "s", "template": "t", "delay": {"days": 0}}
    return Sequence.model_validate(
        {"id": "q", "topic": "t", "time_zone": time_zone, "calendar": calendar, "steps": [step]}
    )


def step(at: str | None = "10:00", **delay: int) -> Step:
    return Step(id="s", template="t", delay=Delay(**delay), at=at)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0, time_zone: ZoneInfo = TOKYO) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=time_zone)


@pytest.mark.parametrize(
    ("enrolled", "days", "due"),
    [
        (local(2026, 11, 20, 9), 0, local(2026, 11, 20, 10)),
        (local(2026, 11, 20, 10), 0, local(2026, 11, 20, 10)),
        (local(2026, 11, 20, 10, 1), 0, local(2026, 11, 24, 10)),  # Friday → weekend → 勤労感謝の日 → Tuesday
        (local(2026, 11, 21, 9), 0, local(2026, 11, 24, 10)),
        (local(2026, 11, 20, 9), 1, local(2026, 11, 24, 10)),
        (local(2026, 4, 28, 9), 1, local(2026, 4, 30, 10)),  # Golden Week
        (local(2026, 5, 1, 9), 1, local(2026, 5, 7, 10)),
        (local(2026, 9, 18, 9), 1, local(2026, 9, 24, 10)),  # 敬老の日, 国民の休日, 秋分の日
        (local(2025, 12, 31, 9), 1, local(2026, 1, 2, 10)),
    ],
)
def test_business_days_skip_weekends_and_japanese_holidays(enrolled: datetime, days: int, due: datetime) -> None:
    assert due_at(step(business_days=days), sequence(), enrolled) == due


def test_a_time_that_a_clock_change_skips_is_the_same_instant_before_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    enrolled = local(2026, 3, 28, 12, time_zone=berlin)
    due = due_at(step("02:30", days=1), sequence("Europe/Berlin"), enrolled)
    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    enrolled = local(2026, 10, 24, 12, time_zone=berlin)
    due = due_at(step("02:30", days=1), sequence("Europe/Berlin"), enrolled)
    assert due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_hours_are_real_hours_across_a_clock_change() -> None:
    enrolled = datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert due_at(step(None, hours=5), sequence("Europe/Berlin"), enrolled) == enrolled + timedelta(hours=5)


ENROLLED = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
AT = st.none() | st.times().map(lambda time: time.strftime("%H:%M"))


@given(ENROLLED, AT, st.sampled_from(ZONES), st.sampled_from(["JP", "US", "DE"]), st.integers(0, 60), st.booleans())
@settings(max_examples=200, deadline=None)
def test_never_before_the_enrollment_and_always_on_a_business_day_at_its_time(
    enrolled: datetime, at: str | None, time_zone: str, calendar: str, days: int, business: bool
) -> None:
    wanted = step(at, business_days=days) if business else step(at, days=days)
    due = due_at(wanted, sequence(time_zone, calendar), enrolled)
    here = due.astimezone(ZoneInfo(time_zone))
    assert due >= enrolled
    assert due.tzinfo is UTC
    if business:
        assert is_business_day(here.date(), calendar)
    if at and not _in_a_gap(here.date(), at, time_zone):
        assert here.strftime("%H:%M") == at
    if not business:
        assert due - enrolled <= timedelta(days=days + 1, hours=1)


def _in_a_gap(day: date, at: str, time_zone: str) -> bool:
    wanted = datetime.combine(day, datetime.strptime(at, "%H:%M").time(), ZoneInfo(time_zone))  # noqa: DTZ007
    return wanted.astimezone(UTC).astimezone(ZoneInfo(time_zone)).strftime("%H:%M") != at


@given(ENROLLED, AT, st.sampled_from(ZONES), st.integers(0, 40), st.integers(0, 40), st.booleans())
@settings(max_examples=120, deadline=None)
def test_a_longer_delay_is_never_due_earlier(
    enrolled: datetime, at: str | None, time_zone: str, one: int, other: int, business: bool
) -> None:
    def due(days: int) -> datetime:
        return due_at(step(at, business_days=days) if business else step(at, days=days), sequence(time_zone), enrolled)

    assert due(min(one, other)) <= due(max(one, other))


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_business_days_are_counted_one_by_one(day: date, count: int) -> None:
    end = add_business_days(day, count, "JP")
    begin = next_business_day(day, "JP")
    between = [begin + timedelta(days=n) for n in range((end - begin).days)]
    assert is_business_day(end, "JP")
    assert sum(is_business_day(each, "JP") for each in between) == count
