"""A few of the orders that `make simulate` tries by the ten thousand."""

from tests.simulation.interleavings import explore


def test_whoever_stops_at_any_point_of_a_sender_gets_no_mail_that_was_not_claimed_before() -> None:
    found = explore(seed=1, count=150)
    assert found.broken == []
    assert found.figures["orders"] > 75
    assert found.figures["in_flight_when_left"] > 0, "the stops never met a claim: nothing was tried"
