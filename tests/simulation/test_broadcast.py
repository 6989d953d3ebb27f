"""A broadcast through crashes, duplicates, pauses, an outage and opt-outs; `make simulate` and the module play more."""

import pytest

from tests.simulation import broadcast


@pytest.mark.parametrize("seed", range(1, 5))
def test_each_lead_gets_it_at_most_once_and_every_email_is_accounted_for(seed: int) -> None:
    result = broadcast.play(seed, leads=400)
    assert result.broken == []
    assert result.figures["state_delivered"] + result.figures["state_sent"] > 200  # some histories lose SES's reports


@pytest.mark.parametrize("minute", [2, 12])
def test_a_run_that_is_cancelled_before_or_while_it_is_sent_counts_every_email(minute: int) -> None:
    result = broadcast.play(7, leads=400, cancel_at=minute)
    assert result.broken == []
    assert result.figures["state_skipped"] > 50
