"""Rotations at random moments beside warm processes: no link is refused, and the newest key comes into use."""

import pytest

from tests.simulation.rotation import play


@pytest.mark.parametrize("seed", range(40))
def test_no_link_is_refused_around_a_rotation(seed: int) -> None:
    result = play(seed, events=400)
    assert result.broken == []
    assert result.figures["rotation_fresh_links_read"] > 100
    assert result.figures["rotations"] > 1
