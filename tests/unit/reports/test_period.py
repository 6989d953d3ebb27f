"""Periods as people write them, and when reports leave by email."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sodate.email.report_schedule import LATEST, ReportsFile, ScheduledReport
from sodate.reports.period import Wanted, chosen

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        (Wanted(), "2026-10-29", "2026-11-27"),
        (Wanted(month="2026-02"), "2026-02-01", "2026-02-28"),
        (Wanted(month="2028-02"), "2028-02-01", "2028-02-29"),
        (Wanted(month="2026-12"), "2026-12-01", "2026-12-31"),
        (Wanted(quarter="2026-q4"), "2026-10-01", "2026-12-31"),
        (Wanted(quarter="2026-Q1"), "2026-01-01", "2026-03-31"),
        (Wanted(first="2026-11-01"), "2026-11-01", "2026-11-27"),
        (Wanted(last="2026-11-10"), "2026-10-12", "2026-11-10"),
        (Wanted(first="2026-11-10", last="2026-11-10"), "2026-11-10", "2026-11-10"),
    ],
)
def test_a_period_has_both_its_ends(wanted: Wanted, first: str, last: str) -> None:
    period = chosen(wanted, TODAY, "Asia/Tokyo")
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


def report(**keys: Any) -> ScheduledReport:
    return ScheduledReport.model_validate({"id": "weekly", "to": ["a@example.co.jp"], **keys})


ZONES = st.sampled_from(["Asia/Tokyo", "America/New_York", "Pacific/Apia", "UTC"])
MOMENTS = st.integers(0, 6 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
REPORTS = st.one_of(
    st.builds(
        lambda weekday, hour: report(weekday=weekday, at=f"{hour:02d}:30"),
        st.sampled_from(["monday", "wednesday", "sunday"]),
        st.integers(0, 23),
    ),
    st.builds(
        lambda day, hour: report(every="month", day=day, at=f"{hour:02d}:00"), st.integers(1, 28), st.integers(0, 23)
    ),
)


@given(one=REPORTS, now=MOMENTS, zone=ZONES)
def test_the_latest_occasion_is_past_and_about_a_whole_period_that_is_over(
    one: ScheduledReport, now: datetime, zone: str
) -> None:
    at, first, last = one.occasion(now, zone)
    assert at <= now < at + timedelta(days=32)
    assert last < at.astimezone(ZoneInfo(zone)).date()
    if one.every == "week":
        assert first.weekday() == 0 and (last - first).days == 6
    else:
        assert first.day == 1 and (last + timedelta(days=1)).day == 1
    assert (one.due(now, zone) is not None) == (now - at <= LATEST)


@given(one=REPORTS, now=MOMENTS, zone=ZONES)
@settings(max_examples=25, deadline=None)
def test_hourly_ticks_see_each_occasion_and_none_twice(one: ScheduledReport, now: datetime, zone: str) -> None:
    seen = {one.due(now + timedelta(hours=tick), zone) for tick in range(24 * 33)} - {None}
    periods = [occasion.first for occasion in seen if occasion is not None]
    assert len(periods) == len(set(periods)) and periods


@pytest.mark.parametrize(
    "keys",
    [
        {"every": "month", "weekday": "monday"},
        {"every": "week", "day": 3},
        {"every": "month", "day": 31},
        {"to": []},
        {"to": ["a@example.co.jp", "a@example.co.jp"]},
        {"to": ["お客様@example.co.jp"]},
        {"at": "25:00"},
        {"weekday": "Monday"},
        {"reports": ["kpi", "kpi"]},
        {"reports": ["sales"]},
        {"title": "a\nBcc: x@example.com"},
        {"id": "週次"},
    ],
)
def test_a_report_that_cannot_be_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        report(**keys)


def test_two_reports_with_one_id_are_refused() -> None:
    with pytest.raises(ValidationError):
        ReportsFile.model_validate({"reports": [report().model_dump(), report().model_dump()]})
