"""Working time of an owner: time zone, weekdays, holidays and closing days."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.sales.definition import WorkingHours
from sodate.sales.hours import Office

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
HOURS = WorkingHours(from_="09:00", until="18:00")
HERE = Office(HOURS, TOKYO, "JP", ("12-29..01-03",))


def at(text: str, time_zone: ZoneInfo = TOKYO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=time_zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        pytest.param("2026-11-24T09:00", True, id="begin of work"),
        pytest.param("2026-11-24T17:59:59", True, id="last second of work"),
        pytest.param("2026-11-24T18:00", False, id="end of work"),
        pytest.param("2026-11-24T08:59:59", False, id="last second before work"),
        pytest.param("2026-11-23T12:00", False, id="public holiday 勤労感謝の日"),
        pytest.param("2026-11-28T12:00", False, id="Saturday"),
        pytest.param("2026-12-30T12:00", False, id="closing day"),
    ],
)
def test_opening_hours(moment: str, is_open: bool) -> None:
    assert HERE.is_open(at(moment)) is is_open


def test_without_hours_an_office_is_always_open() -> None:
    assert Office(None, TOKYO, "JP", ()).is_open(at("2026-11-28T03:00"))
    assert Office(None, TOKYO, "JP", ()).after(at("2026-11-28T03:00"), 60) == at("2026-11-28T04:00")


@pytest.mark.parametrize(
    ("moment", "minutes", "end"),
    [
        pytest.param("2026-11-24T10:00", 240, "2026-11-24T14:00", id="within a day"),
        pytest.param("2026-11-24T16:00", 240, "2026-11-25T11:00", id="over a night"),
        pytest.param("2026-11-24T16:00", 120, "2026-11-24T18:00", id="until the end of work"),
        pytest.param("2026-11-27T17:00", 120, "2026-11-30T10:00", id="over a weekend"),
        pytest.param("2026-11-28T12:00", 60, "2026-11-30T10:00", id="begun on a Saturday"),
        pytest.param("2026-12-28T17:30", 60, "2027-01-04T09:30", id="over the closing days"),
    ],
)
def test_minutes_of_working_time(moment: str, minutes: int, end: str) -> None:
    assert HERE.after(at(moment), minutes) == at(end)


@pytest.mark.parametrize(
    ("moment", "earliest", "goes"),
    [
        pytest.param("2026-11-24T20:00", None, "2026-11-25T09:00", id="no time: begin of work"),
        pytest.param("2026-11-24T20:00", "08:00", "2026-11-25T09:00", id="a time before work: begin of work"),
        pytest.param("2026-11-24T20:00", "10:30", "2026-11-25T10:30", id="a time within work"),
        pytest.param("2026-11-24T07:00", "10:30", "2026-11-24T10:30", id="the same day"),
        pytest.param("2026-11-27T20:00", "09:00", "2026-11-30T09:00", id="over a weekend"),
    ],
)
def test_when_the_digest_goes(moment: str, earliest: Any, goes: str) -> None:
    assert HERE.digest_at(at(moment), earliest) == at(goes)


def test_clock_changes_move_the_day_not_the_hour() -> None:
    office = Office(HOURS, BERLIN, "DE", ())
    assert office.digest_at(at("2026-03-27T19:00", BERLIN), None) == at("2026-03-30T09:00", BERLIN)
    assert office.after(at("2026-10-23T17:00", BERLIN), 120) == at("2026-10-26T10:00", BERLIN)


def test_an_owner_without_working_days_is_notified_at_once() -> None:
    office = Office(WorkingHours(days=("sat",)), TOKYO, "JP", ("01-01..12-31",))
    moment = at("2026-11-24T12:00")
    assert (office.is_open(moment), office.digest_at(moment, None), office.after(moment, 5)) == (
        False,
        moment,
        moment + timedelta(minutes=5),
    )


@given(
    st.integers(0, 500 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_working_time_adds_up_and_ends_within_working_hours(moment: datetime, first: int, second: int) -> None:
    there = HERE.after(HERE.after(moment, first), second)
    assert there == HERE.after(moment, first + second)
    assert there > moment
    assert HERE.is_open(there - timedelta(seconds=1))
