"""Entries by a date of the profile: the instants, against `zoneinfo` and `dateutil`; what is past; what is the same."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import gettz, resolve_imaginary
from hypothesis import given, settings
from hypothesis import strategies as st
from sodate.email.eligibility.days import is_business_day
from sodate.scenarios.date_entry import cause_of, day_of, entry_id, instant_of
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.entries import DateEntry

from tests.unit.scenarios.samples import FakeLead, program

TOKYO, BERLIN, NEW_YORK = "Asia/Tokyo", "Europe/Berlin", "America/New_York"
KIRITIMATI, PAGO_PAGO = "Pacific/Kiritimati", "Pacific/Pago_Pago"
ZONES = (
    TOKYO,
    BERLIN,
    NEW_YORK,
    KIRITIMATI,
    PAGO_PAGO,
    "Australia/Lord_Howe",
    "America/Scoresbysund",
    "Asia/Kathmandu",
)
RENEWAL = "secondary.renewal"
END = {"id": "done", "end": "done"}


def entry(**keys: Any) -> DateEntry:
    return DateEntry.model_validate({"date": RENEWAL, "at": "09:00", **keys})


def instant(one: DateEntry, day: Any, zone: str | None = None, since: datetime | None = None) -> datetime | None:
    lead = FakeLead(time_zone=zone, attributes={RENEWAL: day})
    compiled = program(END, entry=[one.model_dump()])
    return instant_of(one, compiled, lead, None, *([since] if since else []))


@pytest.mark.parametrize(
    ("keys", "zone", "day", "expected"),
    [
        ({"days": -30}, TOKYO, "2027-03-31", "2027-03-01T00:00"),
        ({"days": -30}, None, "2027-03-31", "2027-03-01T00:00"),  # the scenario's time zone
        ({"days": -1}, TOKYO, "2028-03-01", "2028-02-29T00:00"),
        ({"days": -1}, TOKYO, "2027-03-01", "2027-02-28T00:00"),
        ({"days": 365}, TOKYO, "2028-02-29", "2029-02-28T00:00"),
        ({}, TOKYO, "2028-02-29", "2028-02-29T00:00"),
        ({}, KIRITIMATI, "2027-01-01", "2026-12-31T19:00"),  # UTC+14
        ({}, PAGO_PAGO, "2027-01-01", "2027-01-01T20:00"),  # UTC-11
        ({"at": "02:30"}, BERLIN, "2027-03-28", "2027-03-28T01:00"),  # the gap: the instant of the change
        ({"at": "02:30"}, BERLIN, "2027-10-31", "2027-10-31T00:30"),  # twice: the first
        ({"at": "02:30"}, NEW_YORK, "2027-03-14", "2027-03-14T07:00"),
        ({"days": -30, "on_holiday": "before"}, TOKYO, "2027-05-31", "2027-04-30T00:00"),  # 05-01: a Saturday
        ({"days": -30, "on_holiday": "after"}, TOKYO, "2027-05-31", "2027-05-06T00:00"),  # after Golden Week
        ({"days": -30, "on_holiday": "keep"}, TOKYO, "2027-05-31", "2027-05-01T00:00"),
        ({}, TOKYO, "2027/3/31", "2027-03-31T00:00"),
        ({}, TOKYO, "2027年3月31日", "2027-03-31T00:00"),
    ],
)  # fmt: skip
def test_a_lead_enters_at_the_local_time_of_its_own_date(
    keys: dict[str, Any], zone: str | None, day: str, expected: str
) -> None:
    assert instant(entry(**keys), day, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "day", [None, "", "soon", "2027-02-29", "0001-01-01", "20270331", ["2027-03-31"], "9999-12-31"]
)
def test_who_has_no_date_never_enters(day: Any) -> None:
    assert instant(entry(), day) is None


def test_an_instant_before_the_moment_asked_about_is_past() -> None:
    at = datetime(2027, 3, 1, tzinfo=UTC)
    assert instant(entry(days=-30), "2027-03-31", TOKYO, since=at) == at
    assert instant(entry(days=-30), "2027-03-31", TOKYO, since=at + timedelta(microseconds=1)) is None


@settings(max_examples=300)
@given(
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    days=st.integers(-400, 400),
    at=st.times(),
    zone=st.sampled_from(ZONES),
)
def test_the_instant_is_what_dateutil_says(day: date, days: int, at: time, zone: str) -> None:
    at = at.replace(second=0, microsecond=0)
    found = instant(entry(days=days, at=f"{at:%H:%M}"), day.isoformat(), zone)
    assert found is not None
    local = datetime.combine(day + timedelta(days=days), at, gettz(zone))
    moved = resolve_imaginary(local)
    if moved == local:
        assert found == local.astimezone(UTC)
    else:  # in the gap: after the last valid instant, at the change itself
        before = found - timedelta(seconds=1)
        assert local.replace(tzinfo=None) > before.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert local.replace(tzinfo=None) < found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@settings(max_examples=200)
@given(day=st.dates(date(2024, 1, 1), date(2032, 12, 31)), days=st.integers(-60, 60), after=st.booleans())
def test_a_shift_takes_the_nearest_business_day(day: date, days: int, after: bool) -> None:
    found = instant(entry(days=days, on_holiday="after" if after else "before"), day.isoformat(), TOKYO)
    assert found is not None
    planned, shifted = day + timedelta(days=days), found.astimezone(ZoneInfo(TOKYO)).date()
    assert is_business_day(shifted, "JP", ())
    between = sorted((planned, shifted))
    skipped = [between[0] + timedelta(days=n) for n in range((between[1] - between[0]).days + 1)]
    assert not any(is_business_day(one, "JP", ()) for one in skipped if one != shifted)
    assert (shifted >= planned) if after else (shifted <= planned)


def test_an_entry_is_another_one_when_its_instants_are() -> None:
    one = entry(days=-30)
    assert entry_id(one) == entry_id(entry(days=-30, when={"attribute": "primary.title", "present": True}))
    others = [entry(days=-29), entry(days=-30, at="09:01"), entry(days=-30, on_holiday="after")]
    assert entry_id(one) not in {entry_id(other) for other in others}


def test_one_date_is_one_cause_whatever_the_offset() -> None:
    lead, at = FakeLead(attributes={RENEWAL: "2027-03-31"}), datetime(2027, 3, 1, tzinfo=UTC)
    day = day_of(entry(), lead)
    assert day == date(2027, 3, 31)
    earlier, later = cause_of(entry(days=-30), day, at), cause_of(entry(days=-7), day, at + timedelta(days=23))
    assert earlier.reference == later.reference


def test_the_due_entry_is_read_as_it_was_written() -> None:
    message = DateReached("lead-1", "renewal", "abc", date(2028, 2, 29))
    assert DateReached.parse(message.to_message()) == message
    with pytest.raises(ValueError, match="month"):
        DateReached.parse({**message.to_message(), "day": "2028-13-01"})
