"""A sample of the experiments that `make simulate` plays."""

from tests.simulation import experiments


def test_no_more_false_winners_than_the_level_and_nobody_is_reassigned() -> None:
    result = experiments.play(3, experiments=60, ab_experiments=30)
    assert result.broken == []
    for kind in ("horizon", "always_valid"):
        assert result.figures[f"ab_{kind}_found"] > 10
        assert result.figures[f"ab_{kind}_wrong"] == 0
