"""The search that every test's log lines go through finds what it must, and nothing else."""

import pytest

from tests.support.personal_data_in_logs import leaks

LINE = '{{"level":"INFO","service":"test","message":"batch","why":"{}"}}'


@pytest.mark.parametrize(
    "personal",
    ["taro@example.jp", "<Taro.Yamada+x@mail.example.co.jp>", "03-5551-2345", "+81-3-5551-2345", "09012345678",
     "山田", "ﾔﾏﾀﾞ", "カナリア", "\\u5c71\\u7530"],
)  # fmt: skip
def test_personal_data_is_found(personal: str) -> None:
    assert leaks(LINE.format(personal))


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-27T02:00:00.000Z",
     "LEAD#01M85MG280RD5TXV0HJNDT54RK", "0.5", "15164c9bd4ad1f0d", "20261127T0200#step1",
     "1795806111846", "arn:aws:sqs:ap-northeast-1:123456789012:send", "0RHOn73sMG5Zr5g1om8kBnVmidl49P18jqqthRjKyOU"],
)  # fmt: skip
def test_ids_codes_and_times_are_not(text: str) -> None:
    assert not leaks(LINE.format(text))


def test_what_is_no_log_line_is_left_alone() -> None:
    assert not leaks("taro@example.jp\n{not json} taro@example.jp")


def test_a_broken_log_line_is_searched_as_it_stands() -> None:
    assert leaks('{"service":"test", taro@example.jp')
