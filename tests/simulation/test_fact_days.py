"""Facts and segments on bad days; `make simulate` plays more."""

import pytest

from tests.simulation import fact_days


@pytest.mark.parametrize("seed", range(1, 5))
def test_what_the_stream_keeps_is_what_the_whole_log_says_and_each_change_is_announced_once(seed: int) -> None:
    result = fact_days.play(seed)
    assert result.broken == []
    assert all(result.figures[name] > 0 for name in ("leads_compared", "memberships", "facts", "announced", "quiet"))
