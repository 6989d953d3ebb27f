"""Figures as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.reports.catalogs import words_in
from sodate.reports.document import Figure, Reason, Unit, share
from sodate.reports.numbers import major, shown, shown_interval

JA, EN = words_in("ja"), words_in("en")


@pytest.mark.parametrize(
    ("figure", "ja", "en"),
    [
        (Figure(1234567), "1,234,567", "1,234,567"),
        (Figure(None), "–", "–"),
        (None, "–", "–"),
        (Figure(12.0, Unit.PERCENT), "12.0%", "12.0%"),
        (Figure(0.0, Unit.PERCENT), "0.0%", "0.0%"),
        (Figure(0.042, Unit.PERCENT), "0.04%", "0.04%"),
        (Figure(-0.001, Unit.PERCENT), "-0.001%", "-0.001%"),
        (Figure(-0.00000001, Unit.PERCENT), "0.0%", "0.0%"),
        (Figure(None, Unit.PERCENT, reason=Reason.NO_COST), "算出不可(費用なし)", "not defined (no cost)"),
        (Figure(None, Unit.PERCENT, reason=Reason.NOTHING_TO_DIVIDE_BY), "算出不可", "not defined"),
        (Figure(1234567, Unit.MONEY, "JPY"), "¥1,234,567", "¥1,234,567"),
        (Figure(1234567, Unit.MONEY, "USD"), "$12,345.67", "$12,345.67"),
        (Figure(-50, Unit.MONEY, "USD"), "-$0.50", "-$0.50"),
        (Figure(12345, Unit.MONEY, "CHF"), "123.45 CHF", "123.45 CHF"),
        (Figure(12345.6, Unit.MONEY, "JPY"), "¥12,346", "¥12,346"),
        (Figure(73.24, Unit.SECONDS), "73.2秒", "73.2 s"),
        (Figure(38.5, Unit.HOURS), "38.5時間", "38.5 h"),
        (Figure(2, Unit.DAYS), "2日", "2 days"),
        (Figure(-12.0, Unit.POINTS), "-12", "-12"),
        ("株式会社", "株式会社", "株式会社"),
    ],
)
def test_a_figure_is_shown_with_its_unit(figure: Figure | str | None, ja: str, en: str) -> None:
    assert (shown(figure, JA), shown(figure, EN)) == (ja, en)


@given(part=st.integers(0, 10**6), more=st.integers(0, 10**6))
def test_a_share_lies_in_its_interval_and_nothing_divided_by_nothing_is_not_defined(part: int, more: int) -> None:
    figure = share(part, part + more)
    if part + more == 0:
        assert figure.value is None and figure.reason is Reason.NOTHING_TO_DIVIDE_BY
        return
    assert figure.value is not None and figure.interval is not None
    low, high = figure.interval
    assert 0 <= low <= figure.value <= high <= 100
    assert shown_interval(figure, JA).endswith("%")


def test_a_part_above_its_whole_has_no_interval_and_does_not_fail() -> None:
    assert share(3, 2) == Figure(150.0, Unit.PERCENT)


def test_a_spreadsheet_gets_money_in_whole_units_of_the_currency() -> None:
    assert major(Figure(1234567, Unit.MONEY, "USD")) == 12345.67
    assert major(Figure(1234567, Unit.MONEY, "JPY")) == 1234567
    assert major(Figure(1234, Unit.MONEY, "KWD")) == 1.234
