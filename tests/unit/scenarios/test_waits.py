"""Typed waits: tables of clock changes, zones, holidays and dates in the past; properties against `zoneinfo`."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sodate.email.eligibility.days import is_business_day
from sodate.scenarios.local_time import WEEKDAYS, first_valid
from sodate.scenarios.waits import Due, LocalCalendar, Missing, Past, Wait, end_of_wait

from tests.support.examples import examples

ADAPTER: TypeAdapter[Wait] = TypeAdapter(Wait)
TOKYO, NEW_YORK, BERLIN = "Asia/Tokyo", "America/New_York", "Europe/Berlin"
LORD_HOWE, SCORESBYSUND = "Australia/Lord_Howe", "America/Scoresbysund"
#: UTC+14 and UTC-11, the zones that are farthest apart.
KIRITIMATI, PAGO_PAGO = "Pacific/Kiritimati", "Pacific/Pago_Pago"
ZONES = (TOKYO, NEW_YORK, BERLIN, LORD_HOWE, SCORESBYSUND, KIRITIMATI, PAGO_PAGO, "Asia/Kathmandu", "UTC")
RENEWAL = "primary.renewal"


def wait(**keys: Any) -> Wait:
    return ADAPTER.validate_python(keys)


def end(
    keys: dict[str, Any], entered: datetime, zone: str, *, date: Any = None, closing: tuple[str, ...] = ()
) -> Due | Past | Missing:
    calendar = LocalCalendar(ZoneInfo(zone), "JP", closing)
    return end_of_wait(wait(**keys), entered, calendar, {RENEWAL: date}.get)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "zone", "entered", "due"),
    [
        ({"minutes": 30}, BERLIN, "2026-03-29 01:45", "2026-03-29 03:15"),  # real minutes across the change
        ({"hours": 1, "minutes": 30}, TOKYO, "2027-01-01 10:00", "2027-01-01 11:30"),
        ({"days_of_24_hours": 1}, BERLIN, "2026-03-28 12:00", "2026-03-29 13:00"),
        ({"days": 1}, BERLIN, "2026-03-28 12:00", "2026-03-29 12:00"),
        ({"days": 1}, BERLIN, "2026-10-24 12:00", "2026-10-25 12:00"),
        ({"days": 0}, TOKYO, "2027-01-01 10:00", "2027-01-01 10:00"),
        ({"days": 0, "at": "09:00"}, TOKYO, "2027-01-01 10:00", "2027-01-02 09:00"),
        ({"days": 3, "at": "09:00"}, TOKYO, "2028-02-26 10:00", "2028-02-29 09:00"),
        ({"days": 3, "at": "09:00"}, TOKYO, "2027-02-26 10:00", "2027-03-01 09:00"),
        ({"days": 1, "at": "10:00"}, KIRITIMATI, "2026-12-31 23:59", "2027-01-01 10:00"),
        ({"days": 1, "at": "10:00"}, PAGO_PAGO, "2026-12-31 23:59", "2027-01-01 10:00"),
        ({"business_days": 0}, TOKYO, "2027-01-04 10:00", "2027-01-04 10:00"),
        ({"business_days": 0}, TOKYO, "2027-01-01 10:00", "2027-01-04 10:00"),
        ({"business_days": 1, "at": "09:00"}, TOKYO, "2027-04-28 10:00", "2027-04-30 09:00"),  # 昭和の日
        (
            {"business_days": 0, "at": "09:00"},
            TOKYO,
            "2027-04-30 10:00",
            "2027-05-06 09:00",
        ),  # 憲法記念日 to こどもの日
        ({"until": "18:00"}, TOKYO, "2027-01-01 10:00", "2027-01-01 18:00"),
        ({"until": "10:00"}, TOKYO, "2027-01-01 10:00", "2027-01-01 10:00"),
        ({"until": "09:59"}, TOKYO, "2027-01-01 10:00", "2027-01-02 09:59"),
        ({"weekday": "fri"}, TOKYO, "2027-01-01 10:00", "2027-01-01 10:00"),
        ({"weekday": "fri", "at": "09:00"}, TOKYO, "2027-01-01 10:00", "2027-01-08 09:00"),
        ({"weekday": ["thu", "tue"], "at": "09:00"}, TOKYO, "2027-01-01 10:00", "2027-01-05 09:00"),
        ({"weekday": "mon"}, TOKYO, "2027-01-01 10:00", "2027-01-04 10:00"),
    ],
)
def test_a_wait_ends_at_the_local_time_that_it_says(keys: dict[str, Any], zone: str, entered: str, due: str) -> None:
    result = end(keys, local(zone, entered), zone)
    assert result == Due(local(zone, due))
    assert isinstance(result, Due)
    assert result.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "entered", "at", "due"),
    [
        (NEW_YORK, "2027-03-13 12:00", "02:30", "2027-03-14 07:00"),
        (BERLIN, "2027-03-27 12:00", "02:30", "2027-03-28 01:00"),
        (BERLIN, "2027-03-27 12:00", "02:00", "2027-03-28 01:00"),
        (BERLIN, "2027-03-27 12:00", "03:00", "2027-03-28 01:00"),
        (LORD_HOWE, "2027-10-02 12:00", "02:15", "2027-10-02 15:30"),  # a clock change of half an hour
        (SCORESBYSUND, "2027-03-26 23:45", "23:30", "2027-03-28 01:00"),  # the gap ends at midnight
        ("Pacific/Apia", "2011-12-29 11:00", "10:00", "2011-12-30 10:00"),  # 30 December 2011 did not exist
    ],
)
def test_a_local_time_in_a_gap_is_the_instant_of_the_clock_change(zone: str, entered: str, at: str, due: str) -> None:
    assert end({"days": 1, "at": at}, local(zone, entered), zone) == Due(utc(due))
    assert end({"until": at}, local(zone, entered), zone) == Due(utc(due))


@pytest.mark.parametrize(
    ("zone", "entered", "at", "due"),
    [
        (NEW_YORK, "2027-11-06 12:00", "01:30", "2027-11-07 05:30"),
        (BERLIN, "2027-10-30 12:00", "02:30", "2027-10-31 00:30"),
        (LORD_HOWE, "2027-04-03 12:00", "01:45", "2027-04-03 14:45"),
    ],
)
def test_a_local_time_that_comes_twice_is_the_first_one(zone: str, entered: str, at: str, due: str) -> None:
    assert end({"days": 1, "at": at}, local(zone, entered), zone) == Due(utc(due))


def test_after_the_first_of_two_equal_local_times_the_second_does_not_count() -> None:
    entered = local(BERLIN, "2027-10-31 02:15", fold=1)
    assert end({"until": "02:30"}, entered, BERLIN) == Due(local(BERLIN, "2027-11-01 02:30"))
    assert end({"days": 0}, entered, BERLIN) == Due(entered.astimezone(UTC))


def test_closing_days_are_no_business_days() -> None:
    entered = local(TOKYO, "2027-08-10 10:00")
    due = end({"business_days": 1, "at": "09:00"}, entered, TOKYO, closing=("08-12..08-16",))
    assert due == Due(local(TOKYO, "2027-08-17 09:00"))  # 山の日 on the 11th


def on_date(**keys: Any) -> dict[str, Any]:
    return {"date": RENEWAL, "at": "10:00", "already_past": "skip", **keys}


@pytest.mark.parametrize(
    ("keys", "date", "due"),
    [
        ({}, "2027-03-31", "2027-03-31 10:00"),
        ({"days": -30}, "2027-03-31", "2027-03-01 10:00"),
        ({"days": -30}, "2028-03-30", "2028-02-29 10:00"),
        ({"days": 1}, "2028-02-28", "2028-02-29 10:00"),
        ({"days": 1}, "2027/2/28", "2027-03-01 10:00"),
        ({}, "２０２７年３月３１日", "2027-03-31 10:00"),
        ({}, "2027-03-31T23:00:00Z", "2027-03-31 10:00"),
        ({"on_holiday": "keep"}, "2027-05-04", "2027-05-04 10:00"),
        ({"on_holiday": "before"}, "2027-05-04", "2027-04-30 10:00"),
        ({"on_holiday": "after"}, "2027-05-04", "2027-05-06 10:00"),
        ({"on_holiday": "after"}, "2027-05-06", "2027-05-06 10:00"),
    ],
)
def test_a_date_of_the_profile_counts_with_its_offset_and_its_shift(keys: dict[str, Any], date: str, due: str) -> None:
    assert end(on_date(**keys), local(TOKYO, "2027-01-01 10:00"), TOKYO, date=date) == Due(local(TOKYO, due))


@pytest.mark.parametrize("policy", ["continue", "skip", "end"])
@pytest.mark.parametrize(
    ("entered", "is_past"), [("2027-03-31 09:59", False), ("2027-03-31 10:00", False), ("2027-03-31 10:01", True)]
)
def test_a_date_already_past_follows_the_policy(entered: str, is_past: bool, policy: str) -> None:
    result = end(on_date(already_past=policy), local(TOKYO, entered), TOKYO, date="2027-03-31")
    assert isinstance(result, Past) == is_past
    assert getattr(result, "policy", policy) == policy


def test_a_shift_to_the_business_day_before_can_make_a_date_past() -> None:
    entered = local(TOKYO, "2027-05-03 09:00")
    assert end(on_date(on_holiday="before"), entered, TOKYO, date="2027-05-04") == Past("skip")


@pytest.mark.parametrize("date", [None, "", "soon", "2027-02-29", "0001-01-01", "9999-12-31", "20270331", [], 7])
def test_a_lead_without_a_usable_date_follows_its_own_policy(date: Any) -> None:
    entered = local(TOKYO, "2027-01-01 10:00")
    assert end(on_date(days=3650), entered, TOKYO, date=date) == Missing("end")
    assert end(on_date(missing="skip"), entered, TOKYO, date=date) == Missing("skip")


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"days": 1, "hours": 1},
        {"days": 1, "until": "10:00"},
        {"days": -1},
        {"days": 1, "at": "25:00"},
        {"hours": 1, "at": "10:00"},
        {"until": "10"},
        {"weekday": []},
        {"weekday": "friday"},
        {"date": RENEWAL, "at": "10:00"},  # `already_past` is a required choice
        {"date": RENEWAL, "already_past": "skip"},
        {"date": "renewal", "at": "10:00", "already_past": "skip"},
        {"date": RENEWAL, "at": "10:00", "already_past": "skip", "missing": "continue"},
        {"date": RENEWAL, "at": "10:00", "already_past": "skip", "hours": 1},
    ],
    ids=str,
)
def test_an_incomplete_or_mixed_wait_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wait(**keys)


@pytest.mark.parametrize(
    "keys",
    [{"hours": 1}, {"days": 1}, {"business_days": 1}, {"until": "10:00"}, {"weekday": "fri"}, on_date()],
    ids=str,
)
def test_a_stored_wait_is_read_again(keys: dict[str, Any]) -> None:
    wanted = wait(**keys)
    assert ADAPTER.validate_json(ADAPTER.dump_json(wanted)) == wanted
    assert wait(**wanted.model_dump()) == wanted


DAYS = st.integers(0, 60)
#: Any minute of the day; often one that a clock change skips or repeats.
AT = st.times().map(lambda each: each.strftime("%H:%M")) | st.sampled_from(
    ["01:30", "01:45", "02:00", "02:15", "02:30"]
)
OPTIONAL_AT = st.none() | AT
WAITS = st.one_of(
    st.builds(lambda days, at: {"days": days, "at": at}, DAYS, OPTIONAL_AT),
    st.builds(lambda days, at: {"business_days": days, "at": at}, DAYS, OPTIONAL_AT),
    st.builds(lambda at: {"until": at}, AT),
    st.builds(
        lambda days, at: {"weekday": days, "at": at},
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
        OPTIONAL_AT,
    ),
)
ENTERED = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)) | st.builds(  # noqa: DTZ001
    lambda change, minutes: utc(change) + timedelta(minutes=minutes),
    st.sampled_from(["2027-03-28 01:00", "2027-10-31 01:00", "2027-03-14 07:00", "2027-11-07 06:00"]),
    st.integers(-1500, 1500),
)


def is_in_a_gap(wall: datetime, zone: str) -> bool:
    """`zoneinfo` gives another local time back for a local time that does not exist."""
    aware = wall.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall


@given(WAITS, ENTERED, st.sampled_from(ZONES))
@settings(max_examples=examples(100), deadline=None)
def test_a_wait_ends_at_or_after_the_entry_at_its_local_time(
    keys: dict[str, Any], entered: datetime, zone: str
) -> None:
    result = end(keys, entered, zone)
    assert isinstance(result, Due)
    assert result.at >= entered
    here = result.at.astimezone(ZoneInfo(zone))
    at = keys.get("at") or keys.get("until")
    if at is not None and here.strftime("%H:%M") != at:
        before = (result.at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
        assert before.utcoffset() != here.utcoffset(), "only the instant of a clock change may show another time"
        assert any(is_in_a_gap(datetime.combine(day, time.fromisoformat(at)), zone) for day in (before, here))
    elif "business_days" in keys:
        assert is_business_day(here.date(), "JP")
    elif "weekday" in keys:
        assert WEEKDAYS[here.weekday()] in keys["weekday"]


@given(ENTERED, OPTIONAL_AT, st.sampled_from(ZONES), DAYS, DAYS, st.sampled_from(["days", "business_days"]))
@settings(max_examples=examples(100), deadline=None)
def test_a_longer_wait_never_ends_earlier(
    entered: datetime, at: str | None, zone: str, one: int, other: int, kind: str
) -> None:
    first, second = (end({kind: days, "at": at}, entered, zone) for days in sorted((one, other)))
    assert isinstance(first, Due)
    assert isinstance(second, Due)
    assert first.at <= second.at


@given(WAITS, ENTERED, st.integers(0, 3000), st.sampled_from(ZONES))
@settings(max_examples=examples(100), deadline=None)
def test_who_enters_later_never_leaves_earlier(
    keys: dict[str, Any], entered: datetime, minutes: int, zone: str
) -> None:
    if "at" in keys and keys["at"] is None:
        keys = {**keys, "at": "10:00"}
    first, second = (end(keys, entered + timedelta(minutes=later), zone) for later in (0, minutes))
    assert isinstance(first, Due)
    assert isinstance(second, Due)
    assert first.at <= second.at


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)), st.sampled_from(ZONES))  # noqa: DTZ001
@settings(max_examples=examples(100), deadline=None)
def test_first_valid_is_the_first_instant_that_shows_the_time_or_a_later_one(wall: datetime, zone: str) -> None:
    wall = wall.replace(second=0, microsecond=0)
    at = first_valid(wall.date(), wall.time(), ZoneInfo(zone))
    shown, earlier = (
        each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in (at, at - timedelta(microseconds=1))
    )
    assert shown == wall or (shown > wall and is_in_a_gap(wall, zone))
    assert earlier < wall


@given(st.integers(-90, 90), st.sampled_from(ZONES), AT)
@settings(max_examples=40, deadline=None)
def test_around_clock_changes_every_minute_of_the_day_is_found(minutes: int, zone: str, at: str) -> None:
    """Oracle: the first minute of UTC at which the local clock shows `at` or later on that day."""
    for change in ("2027-03-28 01:00", "2027-10-31 01:00", "2027-03-14 07:00", "2027-10-02 15:30", "2027-04-03 15:00"):
        day = (utc(change) + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone)).date()
        wall = datetime.combine(day, time.fromisoformat(at))
        start = wall.replace(tzinfo=UTC) - timedelta(hours=15)
        candidates = (start + timedelta(minutes=n) for n in range(30 * 60))
        first = next(c for c in candidates if c.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= wall)
        assert first_valid(day, wall.time(), ZoneInfo(zone)) == first
