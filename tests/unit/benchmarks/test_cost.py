"""The bill is quantities times the dated list, in the right magnitudes."""

import pytest

from benchmarks.cost import Line, bill, prices, regions


@pytest.mark.parametrize(
    ("line", "usd"),
    [
        (Line("writes", "dynamodb_write_million", 1.0), 0.625),
        (Line("reads", "dynamodb_read_million", 0.5), 0.0625),
        (Line("time", "lambda_gb_second", 0.001), 0.0133334),
        (Line("logs", "logs_gb", 200), 0.10),
        (Line("ses", "ses_a_la_carte_thousand", 1.0), 100.0),
    ],
)
def test_a_line_is_dollars_per_million_mails(line: Line, usd: float) -> None:
    assert prices("us-east-1").of_a_million(line) == pytest.approx(usd)


def test_a_bill_has_shares_of_both_ses_prices_and_its_dearest_line_first() -> None:
    found = bill([Line("a", "sqs_request_million", 1.0), Line("b", "dynamodb_write_million", 2.56)], "us-east-1")
    assert found["usd_per_million"] == pytest.approx(2.0)
    assert found["share_of_ses"] == {"a_la_carte": 0.02, "essentials": 0.0125}
    assert list(found["lines"]) == ["b", "a"]


def test_every_region_lists_the_same_things_and_says_what_is_uncertain() -> None:
    assert regions() == ["ap-northeast-1", "us-east-1"]
    assert prices("us-east-1").usd.keys() == prices("ap-northeast-1").usd.keys()
    assert "ses_a_la_carte_thousand" in prices("ap-northeast-1").uncertain
