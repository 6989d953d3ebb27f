"""A small share of what `make simulate` plays."""

import pytest

from tests.simulation import bad_ses
from tests.simulation.__main__ import BAD_TIMES


@pytest.mark.parametrize("number", range(BAD_TIMES - 2))
def test_a_bad_time_of_ses_costs_time_and_no_email(number: int) -> None:
    assert bad_ses.play(number, leads=60).broken == []


def test_a_burst_of_posts_outlives_no_timeout_and_leaves_nobody_without_a_reason() -> None:
    result = bad_ses.burst(posts=600)
    assert result.broken == []
    assert result.figures["burst_opt_in_emails"] == 300
    assert result.figures["burst_waiting_with_a_reason"] == 300


def test_a_backlog_of_the_sweeper_is_drained_within_its_time() -> None:
    assert bad_ses.backlog(sends=1_000).broken == []


def test_every_bad_time_is_played() -> None:
    assert bad_ses.COUNT == BAD_TIMES
