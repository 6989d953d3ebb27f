"""Periods of the KPI calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.errors import Invalid
from sodate.kpis.period import Period, day_of, parse_period, period_around, today


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"), ("2026-Q4", "2026-10-01", "2026-12-31"),
        ("2026q1", "2026-01-01", "2026-03-31"), ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-W01", "2025-12-29", "2026-01-04"), ("2026-11-27", "2026-11-27", "2026-11-27"),
    ],
)  # fmt: skip
def test_a_period_is_read(text: str, first: str, last: str) -> None:
    assert parse_period(text) == Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("text", ["", "2026-00", "2026-Q5", "2026-02-30", "26-11", "2026-11-27T00", "0000", "2026-W99"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_period(text)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(["week", "month", "quarter", "year"]))
def test_a_day_is_in_its_period_and_the_one_before_ends_the_day_before(day: date, span: str) -> None:
    period = period_around(span, day)  # type: ignore[arg-type]
    assert day in period
    assert len(list(period)) == period.days
    assert (period.first - period.before().last).days == 1


def test_an_hour_belongs_to_the_local_day_on_which_it_begins() -> None:
    assert day_of("2026-11-26T14", "Asia/Tokyo") == "2026-11-26"
    assert day_of("2026-11-26T15", "Asia/Tokyo") == "2026-11-27"
    assert day_of("2026-11-26T18", "Asia/Kolkata") == "2026-11-26"
    assert day_of("2026-11-01T05", "America/New_York") == day_of("2026-11-01T06", "America/New_York") == "2026-11-01"
    assert today(datetime(2026, 11, 26, 16, tzinfo=UTC), "Asia/Tokyo") == date(2026, 11, 27)
