"""Counters of KPIs on bad days; `make simulate` plays more."""

import pytest

from tests.simulation import kpi_days


@pytest.mark.parametrize("seed", range(1, 9))
def test_counters_equal_a_scan_and_what_erased_items_had_contributed(seed: int) -> None:
    result = kpi_days.play(seed)
    assert result.broken == []
    assert all(
        result.figures[name] > 0
        for name in ("records", "repeated", "rounds", "totals_compared", "batches", "visitors_compared")
    )
