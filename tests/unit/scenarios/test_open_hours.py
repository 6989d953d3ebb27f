"""Quiet hours, closed days and clock changes: email waits for the first open minute, in the lead's local time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.email.eligibility.days import is_business_day
from sodate.email.eligibility.hours import open_from
from sodate.email.mailing import Mailing, is_closing_day
from sodate.scenarios.calendar import due_at
from sodate.scenarios.sequence import Delay, Sequence, Step

SENDER = {"name": "n", "from_address": "a@b.jp", "postal_address": "p", "contact": "c", "time_zone": "Asia/Tokyo"}
ZONES = (
    "Asia/Tokyo",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Africa/Cairo",  # clocks change at midnight
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)
NIGHT = {"from": "21:00", "until": "08:00"}


def mailing(**written: Any) -> Mailing:
    return Mailing.model_validate({"sender": SENDER, "topics": [{"id": "t", "name": "T"}], **written})


def at(text: str, time_zone: str = "Asia/Tokyo", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone), fold=fold)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24 20:59", "2026-11-24 20:59"),
        ("2026-11-24 21:00", "2026-11-25 08:00"),
        ("2026-11-25 03:30", "2026-11-25 08:00"),
        ("2026-11-25 07:59", "2026-11-25 08:00"),
        ("2026-11-25 08:00", "2026-11-25 08:00"),
        ("2026-11-20 21:00", "2026-11-24 08:00"),  # Friday night → weekend → 勤労感謝の日 → Tuesday
        ("2026-12-28 12:00", "2026-12-28 12:00"),
        ("2026-12-28 21:30", "2027-01-04 08:00"),  # the company's year-end holidays
    ],
)
def test_email_waits_for_the_next_open_minute(now: str, opens: str) -> None:
    rules = mailing(quiet_hours=NIGHT, send_days="business", closing_days=["12-29..01-03"])

    assert open_from(at(now), None, rules) == at(opens)


def test_the_lead_s_time_zone_applies_and_the_sender_s_when_it_is_unknown() -> None:
    noon_in_tokyo = at("2026-11-24 12:00")  # 22:00 the evening before in New York
    rules = mailing(quiet_hours=NIGHT)

    assert open_from(noon_in_tokyo, "America/New_York", rules) == at("2026-11-24 08:00", "America/New_York")
    for unknown in (None, "", "Mars/Olympus", "../../etc/passwd"):
        assert open_from(noon_in_tokyo, unknown, rules) == noon_in_tokyo
        assert open_from(at("2026-11-24 22:00"), unknown, rules) == at("2026-11-25 08:00")


def test_quiet_hours_that_end_in_skipped_time_end_when_the_clock_jumps() -> None:
    rules = mailing(quiet_hours={"from": "21:00", "until": "02:30"})

    opens = open_from(at("2026-03-28 23:00", "Europe/Berlin"), "Europe/Berlin", rules)

    assert opens == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 summer time: 02:30 did not exist


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    rules = mailing(quiet_hours={"from": "21:00", "until": "02:30"})
    second = at("2026-10-25 02:10", "Europe/Berlin", fold=1)

    assert open_from(second, "Europe/Berlin", rules) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_without_quiet_hours_and_closed_days_it_is_always_open() -> None:
    night = at("2026-01-01 03:00:30")

    assert open_from(night, None, mailing(quiet_hours=None)) == night


TIMES = st.times().map(lambda moment: moment.strftime("%H:%M"))
RULES = st.builds(
    lambda begin, end, days, closing: mailing(
        quiet_hours=None if begin == end else {"from": begin, "until": end}, send_days=days, closing_days=closing
    ),
    TIMES,
    TIMES,
    st.sampled_from(["any", "business"]),
    st.lists(st.sampled_from(["08-13..08-15", "12-29..01-03", "02-29", "2026-03-29", "2027-10-30..2027-11-01"])),
)
AT = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
#: Around each clock change of these zones in 2026, so that the rare hours are not rare here.
CHANGES = st.sampled_from(
    ["03-08", "03-29", "04-04", "04-24", "09-05", "10-03", "10-25", "10-29", "11-01"],
).map(lambda day: date.fromisoformat(f"2026-{day}"))
NEAR = st.builds(
    lambda day, minutes: datetime.combine(day, time(), UTC) + timedelta(minutes=minutes),
    CHANGES,
    st.integers(-1500, 2900),
)


def is_open(moment: datetime, time_zone: str, rules: Mailing) -> bool:
    """An independent implementation of the rule."""
    local = moment.astimezone(ZoneInfo(time_zone))
    if rules.send_days == "business" and not is_business_day(local.date(), rules.calendar):
        return False
    if is_closing_day(local.date(), rules.closing_days):
        return False
    if rules.quiet_hours is None:
        return True
    begin, end = (time.fromisoformat(text) for text in (rules.quiet_hours.from_, rules.quiet_hours.until))
    now = local.time().replace(second=0, microsecond=0)
    return not (begin <= now < end if begin < end else not end <= now < begin)


@given(AT | NEAR, st.sampled_from(ZONES), RULES)
@settings(max_examples=400, deadline=None)
def test_never_early_never_in_closed_time_and_settled(moment: datetime, time_zone: str, rules: Mailing) -> None:
    opens = open_from(moment, time_zone, rules)

    assert opens >= moment
    assert opens.tzinfo is UTC
    assert is_open(opens, time_zone, rules)
    assert open_from(opens, time_zone, rules) == opens
    assert (opens == moment) is is_open(moment, time_zone, rules)


@given(NEAR, st.sampled_from(ZONES), RULES)
@settings(max_examples=120, deadline=None)
def test_no_open_minute_is_skipped(moment: datetime, time_zone: str, rules: Mailing) -> None:
    opens = open_from(moment, time_zone, rules)
    minute = moment
    while minute < min(opens, moment + timedelta(days=2)):
        assert not is_open(minute, time_zone, rules), f"{minute} was open"
        minute += timedelta(minutes=1)


@given(AT | NEAR, st.sampled_from(ZONES), RULES, st.integers(0, 9), st.none() | TIMES, st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_step_is_due_in_open_time_of_the_lead_s_time_zone(
    enrolled: datetime, time_zone: str, rules: Mailing, days: int, hour: str | None, business: bool
) -> None:
    delay = Delay(business_days=days) if business else Delay(days=days)
    step = Step(id="s", template="t", delay=delay, at=hour)
    sequence = Sequence(id="q", topic="t", steps=(step,))

    due = due_at(step, sequence, enrolled, mailing=rules, time_zone=time_zone)

    assert due >= enrolled
    assert is_open(due, time_zone, rules)


def test_a_company_closing_day_is_no_business_day() -> None:
    step = Step(id="s", template="t", delay=Delay(business_days=1), at="10:00")
    sequence = Sequence(id="q", topic="t", steps=(step,))
    rules = mailing(closing_days=["08-13..08-14"])

    assert due_at(step, sequence, at("2026-08-12 09:00")) == at("2026-08-13 10:00")
    assert due_at(step, sequence, at("2026-08-12 09:00"), mailing=rules) == at("2026-08-17 10:00")


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ("2026-05-01", ["2026-05-01"], ["2027-05-01", "2026-05-02"]),
        ("08-13", ["2026-08-13", "2031-08-13"], ["2026-08-14"]),
        ("12-29..01-03", ["2026-12-29", "2026-12-31", "2027-01-01", "2027-01-03"], ["2026-12-28", "2027-01-04"]),
        ("2026-12-29..2027-01-03", ["2026-12-31", "2027-01-03"], ["2027-12-31", "2026-01-01"]),
        ("02-29", ["2028-02-29"], ["2027-02-28", "2027-03-01"]),
    ],
)
def test_closing_days_are_single_days_yearly_days_and_ranges(entry: str, inside: list[str], outside: list[str]) -> None:
    assert all(is_closing_day(date.fromisoformat(day), [entry]) for day in inside)
    assert not any(is_closing_day(date.fromisoformat(day), [entry]) for day in outside)


@pytest.mark.parametrize(
    "closing",
    [
        ["02-30"],
        ["13-01"],
        ["2026-05-02..2026-05-01"],
        ["05-01..2026-05-02"],
        ["01-01..12-31"],
        ["2026-01-01..2029-01-01"],
        ["01-01..02-28", "03-01..04-28", "05-01..06-28"],
        ["tomorrow"],
    ],
)
def test_closing_days_that_are_invalid_or_leave_no_open_day_are_rejected(closing: list[str]) -> None:
    with pytest.raises(ValidationError):
        mailing(closing_days=closing)
