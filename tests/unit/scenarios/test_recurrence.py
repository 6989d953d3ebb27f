"""Recurrences: tables of first Fridays, holidays, clock changes, leap days; properties against dateutil's own zones."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule, tz
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.email.eligibility.days import is_business_day
from sodate.scenarios.local_time import WEEKDAYS
from sodate.scenarios.recurrence import Recurrence, next_after, occurrences

TOKYO, NEW_YORK, BERLIN = "Asia/Tokyo", "America/New_York", "Europe/Berlin"
LORD_HOWE, SCORESBYSUND = "Australia/Lord_Howe", "America/Scoresbysund"
#: UTC+14 and UTC-11, the zones that are farthest apart.
KIRITIMATI, PAGO_PAGO = "Pacific/Kiritimati", "Pacific/Pago_Pago"
ZONES = (TOKYO, NEW_YORK, BERLIN, LORD_HOWE, KIRITIMATI, PAGO_PAGO, "Asia/Kathmandu", "UTC")
FIRST_FRIDAY = {"every": "month", "week_of_month": "first", "weekdays": "fri"}


def recurrence(**keys: Any) -> Recurrence:
    return Recurrence.model_validate({"at": "10:00", "starting": "2027-01-01", **keys})


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def some(keys: dict[str, Any], count: int, zone: str = TOKYO, closing: tuple[str, ...] = ()) -> list[str]:
    """Local times of the first occurrences from the start on."""
    wanted = recurrence(**keys)
    after = datetime.combine(wanted.starting, time.min, UTC) - timedelta(days=20)
    instants = list(islice(occurrences(wanted, after, ZoneInfo(zone), "JP", closing), count))
    assert all(instant.tzinfo is UTC for instant in instants)
    return [f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for instant in instants]


def days(keys: dict[str, Any], count: int, closing: tuple[str, ...] = ()) -> list[str]:
    found = some(keys, count, closing=closing)
    assert all(each.endswith(" 10:00") for each in found)
    return [each.split()[0] for each in found]


FRIDAYS_OF_2027 = ["02-05", "03-05", "04-02", "05-07", "06-04", "07-02", "08-06", "09-03", "10-01", "11-05", "12-03"]


@pytest.mark.parametrize(
    ("on_holiday", "january"),  # the first Friday of January 2027 is New Year's Day
    [("send", ["2027-01-01"]), ("skip", []), ("before", ["2026-12-31"]), ("after", ["2027-01-04"])],
)
@pytest.mark.parametrize("form", [FIRST_FRIDAY, {"rrule": "FREQ=MONTHLY;BYDAY=1FR"}], ids=["readable", "rrule"])
def test_first_friday_of_each_month_of_2027(form: dict[str, Any], on_holiday: str, january: list[str]) -> None:
    expected = january + [f"2027-{day}" for day in FRIDAYS_OF_2027]
    assert days({**form, "on_holiday": on_holiday}, len(expected)) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"every": "day", "interval": 10}, ["2027-01-01", "2027-01-11", "2027-01-21"]),
        ({"every": "day", "on_holiday": "skip"}, ["2027-01-04", "2027-01-05", "2027-01-06", "2027-01-07"]),
        ({"every": "day", "on_holiday": "after"}, ["2027-01-04", "2027-01-05"]),  # 1 to 4 January are one occurrence
        ({"every": "week", "weekdays": "mon"}, ["2027-01-04", "2027-01-11", "2027-01-18"]),
        ({"every": "week", "weekdays": "mon", "on_holiday": "after"}, ["2027-01-04", "2027-01-12", "2027-01-18"]),
        ({"every": "week", "weekdays": "mon", "on_holiday": "before"}, ["2027-01-04", "2027-01-08", "2027-01-18"]),
        (
            {"every": "week", "weekdays": ["mon", "tue"], "on_holiday": "after"},
            ["2027-01-04", "2027-01-05", "2027-01-12"],
        ),
        ({"every": "week", "weekdays": "sat", "on_holiday": "skip"}, ["2027-01-02", "2027-01-09"]),
        ({"every": "week", "weekdays": ["fri", "sat"], "on_holiday": "after"}, ["2027-01-02", "2027-01-08"]),
        ({"every": "week", "weekdays": "fri", "interval": 2}, ["2027-01-01", "2027-01-15", "2027-01-29"]),
        ({"every": "month", "day_of_month": 31}, ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31"]),
        ({"every": "month", "day_of_month": "last"}, ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ({"every": "month", "day_of_month": 31, "on_holiday": "before"}, ["2027-01-29", "2027-03-31", "2027-05-31"]),
        ({"every": "month", "day_of_month": 31, "on_holiday": "after"}, ["2027-02-01", "2027-03-31"]),
        ({"every": "month", "day_of_month": [1, 15]}, ["2027-01-01", "2027-01-15", "2027-02-01"]),
        (
            {"every": "month", "day_of_month": 29, "starting": "2028-01-30"},
            ["2028-02-29", "2028-03-29"],
        ),
        ({"every": "month", "day_of_month": 29, "starting": "2027-02-01"}, ["2027-03-29", "2027-04-29"]),
        ({"every": "month", "week_of_month": "last", "weekdays": "fri"}, ["2027-01-29", "2027-02-26"]),
        (
            {"every": "month", "week_of_month": ["second", "fourth"], "weekdays": "tue"},
            ["2027-01-12", "2027-01-26", "2027-02-09", "2027-02-23"],
        ),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"}, ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ({"rrule": "RRULE:freq=monthly;bymonthday=-1;"}, ["2027-01-31", "2027-02-28"]),
        ({"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"}, ["2027-01-29", "2027-02-26"]),
        ({"rrule": "FREQ=WEEKLY", "starting": "2027-01-02", "on_holiday": "skip"}, ["2027-01-02", "2027-01-09"]),
        ({"rrule": "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"}, ["2027-05-17", "2028-05-15"]),
    ],
    ids=str,
)
def test_days_of_a_recurrence(keys: dict[str, Any], expected: list[str]) -> None:
    assert days(keys, len(expected)) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({**FIRST_FRIDAY, "times": 2}, ["2027-01-01", "2027-02-05"]),
        ({**FIRST_FRIDAY, "times": 2, "on_holiday": "skip"}, ["2027-02-05"]),  # a skipped day counts
        ({**FIRST_FRIDAY, "until": "2027-02-05"}, ["2027-01-01", "2027-02-05"]),
        ({**FIRST_FRIDAY, "until": "2027-02-04"}, ["2027-01-01"]),
        ({"rrule": "FREQ=DAILY;COUNT=2"}, ["2027-01-01", "2027-01-02"]),
        ({"rrule": "FREQ=DAILY;UNTIL=20270102"}, ["2027-01-01", "2027-01-02"]),
        ({"rrule": "FREQ=DAILY;UNTIL=20270102T005959Z"}, ["2027-01-01"]),  # a second before 10:00 in Tokyo
        ({"rrule": "FREQ=DAILY;UNTIL=20270102T010000Z"}, ["2027-01-01", "2027-01-02"]),
        ({"rrule": "FREQ=DAILY;UNTIL=20270102T095959"}, ["2027-01-01"]),
    ],
    ids=str,
)
def test_a_recurrence_that_ends(keys: dict[str, Any], expected: list[str]) -> None:
    assert days(keys, 10) == expected


def test_closing_days_count_as_holidays() -> None:
    monthly = {"every": "month", "day_of_month": 12, "starting": "2027-08-01", "on_holiday": "after"}
    assert days(monthly, 2, closing=("08-12..08-16",)) == ["2027-08-17", "2027-09-13"]


@pytest.mark.parametrize(
    ("zone", "starting", "at", "instants"),
    [
        (NEW_YORK, "2027-03-13", "02:30", ["2027-03-13 07:30", "2027-03-14 07:00", "2027-03-15 06:30"]),
        (NEW_YORK, "2027-11-06", "01:30", ["2027-11-06 05:30", "2027-11-07 05:30", "2027-11-08 06:30"]),
        (BERLIN, "2027-03-27", "02:30", ["2027-03-27 01:30", "2027-03-28 01:00", "2027-03-29 00:30"]),
        (BERLIN, "2027-10-30", "02:30", ["2027-10-30 00:30", "2027-10-31 00:30", "2027-11-01 01:30"]),
        (LORD_HOWE, "2027-10-02", "02:15", ["2027-10-01 15:45", "2027-10-02 15:30", "2027-10-03 15:15"]),
        (LORD_HOWE, "2027-04-03", "01:45", ["2027-04-02 14:45", "2027-04-03 14:45", "2027-04-04 15:15"]),
        (KIRITIMATI, "2028-02-28", "00:30", ["2028-02-27 10:30", "2028-02-28 10:30", "2028-02-29 10:30"]),
        (PAGO_PAGO, "2028-02-28", "23:30", ["2028-02-29 10:30", "2028-03-01 10:30", "2028-03-02 10:30"]),
        (SCORESBYSUND, "2027-03-26", "23:30", ["2027-03-27 01:30", "2027-03-28 01:00", "2027-03-29 00:30"]),
        ("Pacific/Apia", "2011-12-29", "00:00", ["2011-12-29 10:00", "2011-12-30 10:00", "2011-12-31 10:00"]),
    ],
)
def test_daily_across_a_clock_change(zone: str, starting: str, at: str, instants: list[str]) -> None:
    daily = recurrence(every="day", starting=starting, at=at)
    after = datetime.fromisoformat(starting).replace(tzinfo=UTC) - timedelta(days=2)
    assert [f"{each:%Y-%m-%d %H:%M}" for each in islice(occurrences(daily, after, ZoneInfo(zone), "JP"), 3)] == instants


def test_the_second_of_two_equal_local_times_is_no_occurrence() -> None:
    daily = recurrence(every="day", starting="2027-10-01", at="02:30")
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    for minutes in (0, 1, 59, 60, 61):
        assert next_after(daily, first + timedelta(minutes=minutes), ZoneInfo(BERLIN), "DE") == first + timedelta(
            hours=25
        )


def test_next_after_is_later_than_its_argument_and_none_after_the_end() -> None:
    twice = recurrence(**FIRST_FRIDAY, times=2)
    first, second = local(TOKYO, "2027-01-01 10:00"), local(TOKYO, "2027-02-05 10:00")
    assert next_after(twice, first - timedelta(microseconds=1), ZoneInfo(TOKYO), "JP") == first
    assert next_after(twice, first, ZoneInfo(TOKYO), "JP") == second
    assert next_after(twice, second, ZoneInfo(TOKYO), "JP") is None


def test_a_recurrence_of_which_every_day_is_a_holiday_ends() -> None:
    new_year = recurrence(rrule="FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", on_holiday="skip")
    assert next_after(new_year, local(TOKYO, "2027-01-01 10:00"), ZoneInfo(TOKYO), "JP") is None


NEVER = [
    {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"},
    {"rrule": "FREQ=MONTHLY;BYMONTH=4,6;BYMONTHDAY=31"},
    {"rrule": "FREQ=MONTHLY;BYDAY=6FR"},
    {"rrule": "FREQ=DAILY;INTERVAL=7;BYDAY=MO"},  # from a Friday on
    {"rrule": "FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29"},
    {"rrule": "FREQ=DAILY;UNTIL=20261231"},
    {"every": "day", "until": "2026-12-31"},
    {"every": "month", "day_of_month": 31, "interval": 12, "starting": "2027-02-01"},
    {"every": "day", "interval": 7, "starting": "2027-01-02", "on_holiday": "skip"},  # Saturdays only
]


@pytest.mark.parametrize("keys", NEVER, ids=str)
def test_a_recurrence_that_never_happens_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="never happens"):
        recurrence(**keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "either `every` or `rrule`"),
        ({"every": "day", "rrule": "FREQ=DAILY"}, "either `every` or `rrule`"),
        ({"rrule": "FREQ=DAILY", "interval": 2}, "`interval` does not go with `rrule`"),
        ({"rrule": "FREQ=DAILY", "times": 2}, "`times` does not go with `rrule`"),
        ({"every": "year"}, "'day', 'week' or 'month'"),
        ({"every": "day", "weekdays": "mon"}, "goes with `interval` only"),
        ({"every": "week"}, "needs `weekdays`"),
        ({"every": "week", "weekdays": "mon", "day_of_month": 1}, "needs `weekdays`"),
        ({"every": "month"}, "needs either"),
        ({"every": "month", "weekdays": "mon"}, "needs either"),
        ({"every": "month", "day_of_month": 1, "weekdays": "mon"}, "needs either"),
        ({"every": "month", "day_of_month": 32}, "less than or equal to 31"),
        ({"every": "day", "times": 1, "until": "2027-03-01"}, "not both"),
        ({"every": "day", "starting": "1999-12-31"}, "greater than or equal to 2000"),
        ({"every": "day", "on_holiday": "keep"}, "'send', 'skip', 'before' or 'after'"),
        ({"rrule": "FREQ=SECONDLY"}, "at most daily"),
        ({"rrule": "FREQ=MINUTELY;INTERVAL=5"}, "at most daily"),
        ({"rrule": "FREQ=HOURLY"}, "at most daily"),
        ({"rrule": "FREQ=DAILY;BYHOUR=9,17"}, "without BYHOUR"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "INTERVAL=0"),
        ({"rrule": "FREQ=DAILY;COUNT=0"}, "COUNT=0"),
        ({"rrule": "FREQ=DAILY;COUNT=1;UNTIL=20270301"}, "not both"),
        ({"rrule": "FREQ=DAILY;UNTIL=20271301"}, "no date"),
        ({"rrule": "FREQ=DAILY;UNTIL=tomorrow"}, "does not allow"),
        ({"rrule": "FREQ=DAILY;FREQ=WEEKLY"}, "twice"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=1FR"}, "may number weekdays"),
        ({"rrule": "FREQ=WEEKLY;BYMONTHDAY=1"}, "BYMONTHDAY only with"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=0"}, "does not allow"),
        ({"rrule": "FREQ=MONTHLY;BYMONTH=-1"}, "does not allow"),
        ({"rrule": "FREQ=YEARLY;BYWEEKNO=20"}, "needs BYDAY"),
        ({"rrule": "FREQ=MONTHLY;BYSETPOS=1"}, "another BY"),
        ({"rrule": "FREQ=YEARLY;BYEASTER=0"}, "unknown part"),
        ({"rrule": "DTSTART:20270101\nRRULE:FREQ=DAILY"}, "unknown part"),
        ({"rrule": "FREQ=DAILY\nEXDATE:20270101"}, "does not allow"),
        ({"rrule": "every monday"}, "unknown part"),
        ({"rrule": "BYDAY=MO"}, "needs FREQ"),
    ],
    ids=str,
)
def test_a_recurrence_that_is_not_clear_is_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recurrence(**keys)


@pytest.mark.parametrize("keys", [FIRST_FRIDAY, {"rrule": "FREQ=MONTHLY;BYDAY=1FR;COUNT=3"}], ids=str)
def test_a_stored_recurrence_is_read_again(keys: dict[str, Any]) -> None:
    wanted = recurrence(**keys)
    assert Recurrence.model_validate_json(wanted.model_dump_json()) == wanted
    assert Recurrence.model_validate(wanted.model_dump()) == wanted


#: Any minute of the day; often one that a clock change skips or repeats.
AT = st.times().map(lambda each: each.strftime("%H:%M")) | st.sampled_from(
    ["01:30", "01:45", "02:00", "02:15", "02:30"]
)
STARTING = st.dates(date(2025, 1, 1), date(2029, 12, 31))
WEEKDAY_LISTS = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True)
RULES = st.one_of(
    st.fixed_dictionaries({"every": st.just("day"), "interval": st.integers(1, 40)}),
    st.fixed_dictionaries({"every": st.just("week"), "interval": st.integers(1, 5), "weekdays": WEEKDAY_LISTS}),
    st.fixed_dictionaries(
        {
            "every": st.just("month"),
            "interval": st.integers(1, 5),
            "weekdays": WEEKDAY_LISTS,
            "week_of_month": st.sampled_from(["first", "second", "third", "fourth", "last"]),
        }
    ),
    st.fixed_dictionaries(
        {"every": st.just("month"), "interval": st.integers(1, 5), "day_of_month": st.integers(1, 28) | st.just("last")}
    ),
)


def oracle(keys: dict[str, Any], starting: date, zone: str) -> list[datetime]:
    """dateutil with its own objects and its own time zones, for a year; without occurrences in a gap."""
    numbers = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
    weekdays: Sequence[Any] = [rrule.weekdays[WEEKDAYS.index(name)] for name in keys.get("weekdays", ())]
    if "week_of_month" in keys:
        weekdays = [weekday(numbers[keys["week_of_month"]]) for weekday in weekdays]
    month_day = keys.get("day_of_month")
    rule = rrule.rrule(
        {"day": rrule.DAILY, "week": rrule.WEEKLY, "month": rrule.MONTHLY}[keys["every"]],
        dtstart=datetime.combine(starting, time.fromisoformat(keys["at"]), tz.gettz(zone)),
        interval=keys["interval"],
        byweekday=weekdays or None,
        bymonthday=-1 if month_day == "last" else month_day,
    )
    end = datetime.combine(starting + timedelta(days=365), time.max, tz.gettz(zone))
    return [each.astimezone(UTC) for each in takewhile(lambda at: at <= end, rule) if tz.datetime_exists(each)]


@given(RULES, STARTING, AT, st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_instants_are_those_of_dateutil_with_its_own_zones(
    keys: dict[str, Any], starting: date, at: str, zone: str
) -> None:
    keys = {**keys, "at": at}
    expected = oracle(keys, starting, zone)
    after = datetime.combine(starting, time.min, UTC) - timedelta(days=2)
    end = datetime.combine(starting + timedelta(days=365), time.max, ZoneInfo(zone))
    found = list(
        takewhile(
            lambda each: each <= end, occurrences(recurrence(**keys, starting=starting), after, ZoneInfo(zone), "JP")
        )
    )
    assert [each for each in found if f"{each.astimezone(ZoneInfo(zone)):%H:%M}" == at] == expected


@given(
    RULES,
    STARTING,
    AT,
    st.sampled_from(ZONES),
    st.sampled_from(["send", "skip", "before", "after"]),
    st.integers(0, 60 * 24 * 400),
)
@settings(max_examples=200, deadline=None)
def test_occurrences_are_in_order_at_their_time_and_one_per_local_day(
    keys: dict[str, Any], starting: date, at: str, zone: str, on_holiday: str, minutes: int
) -> None:
    try:
        wanted = recurrence(**keys, starting=starting, at=at, on_holiday=on_holiday)
    except ValidationError as error:
        assert "never happens" in str(error)
        return
    after = datetime.combine(starting, time.min, UTC) + timedelta(minutes=minutes)
    found = list(islice(occurrences(wanted, after, ZoneInfo(zone), "JP"), 30))
    here = [each.astimezone(ZoneInfo(zone)) for each in found]
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))
    assert len({each.date() for each in here}) == len(here)
    for each in here:
        wall = datetime.combine(each.date(), time.fromisoformat(at))
        assert each.replace(tzinfo=None, fold=0) == wall or not tz.datetime_exists(wall, tz.gettz(zone))
        assert each.fold == 0
        named = WEEKDAYS[each.weekday()] in keys.get("weekdays", ())
        assert on_holiday == "send" or is_business_day(each.date(), "JP") or named


@given(RULES, STARTING, st.sampled_from(["send", "skip", "before", "after"]), st.integers(0, 60 * 24 * 100))
@settings(max_examples=100, deadline=None)
def test_where_a_reading_begins_changes_no_occurrence(
    keys: dict[str, Any], starting: date, on_holiday: str, minutes: int
) -> None:
    """A restart at any minute neither loses nor repeats one."""
    try:
        wanted = recurrence(**keys, starting=starting, on_holiday=on_holiday)
    except ValidationError as error:
        assert "never happens" in str(error)
        return
    start = datetime.combine(starting, time.min, UTC) - timedelta(days=20)
    restart = start + timedelta(minutes=minutes)
    whole = list(islice(occurrences(wanted, start, ZoneInfo(BERLIN), "DE"), 20))
    if not whole:
        return
    later = occurrences(wanted, restart, ZoneInfo(BERLIN), "DE")
    assert list(takewhile(lambda each: each <= whole[-1], later)) == [each for each in whole if each > restart]
