"""Scenarios on bad days; `make simulate` plays more."""

import pytest

from tests.simulation import scenario_days


@pytest.mark.parametrize("seed", range(1, 13))
def test_nobody_gets_an_email_twice_or_after_an_end_or_while_it_is_paused_and_nobody_is_left_behind(seed: int) -> None:
    assert scenario_days.play(seed).broken == []


def test_the_days_are_full_enough_to_mean_something() -> None:
    figures = scenario_days.play(3).figures + scenario_days.play(4).figures
    assert all(figures[name] > 0 for name in ("emails", "entries", "keyed", "ended_early"))
