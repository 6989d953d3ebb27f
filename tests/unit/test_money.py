"""Amounts as people and spreadsheets write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.errors import Invalid
from sodate.money import DIGITS, LARGEST, Money, amount_text, parse_amount, sums


@pytest.mark.parametrize(
    ("text", "currency", "smallest"),
    [
        ("1,234,000", "JPY", 1_234_000),
        ("￥１２，０００", "JPY", 12_000),
        ("¥12000-", "JPY", None),
        ("12,000円", "JPY", 12_000),
        ("JPY 12000", "JPY", 12_000),
        ("120万円", "JPY", 1_200_000),
        ("1.5万", "JPY", 15_000),
        ("3億2,000万円", "JPY", 320_000_000),
        ("1万2千", "JPY", None),
        ("12.00", "JPY", 12),
        ("12.5", "JPY", None),
        ("$1,234.50", "USD", 123_450),
        ("1,234.5", "USD", 123_450),
        ("1.234,50", "EUR", None),
        ("12,34", "USD", None),
        ("€5", "USD", None),
        ("1.234", "KWD", 1_234),
        ("▲500", "JPY", -500),
        ("(500)", "JPY", -500),
        ("−500", "JPY", -500),
        ("1e9", "JPY", None),
        ("NaN", "JPY", None),
        ("", "JPY", None),
        ("9" * 17, "JPY", None),
        ("12", "XXX", None),
        ("=1+1", "JPY", None),
    ],
)
def test_an_amount_is_read_or_refused(text: str, currency: str, smallest: int | None) -> None:
    if smallest is None:
        with pytest.raises(Invalid):
            parse_amount(text, currency)
    else:
        assert parse_amount(text, currency) == smallest


@given(st.integers(-LARGEST, LARGEST), st.sampled_from(sorted(DIGITS)))
def test_what_is_printed_is_read_again(amount: int, currency: str) -> None:
    assert parse_amount(amount_text(amount, currency), currency) == amount
    assert parse_amount(str(Money(currency, amount)), currency) == amount


@given(st.text(max_size=30))
def test_no_text_is_a_stack_trace(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert abs(parse_amount(text, "JPY")) <= LARGEST


def test_two_currencies_are_never_added() -> None:
    assert sums([Money("USD", 1), Money("JPY", 2), Money("USD", 3)]) == (Money("JPY", 2), Money("USD", 4))
