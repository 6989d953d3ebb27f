"""Programs that sleep are interleaved in the order of their moments, and a failing one is not swallowed."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.virtual_time import VirtualTime

START = datetime(2026, 11, 24, tzinfo=UTC)


def test_sleepers_take_turns_in_the_order_of_their_moments() -> None:
    time, seen = VirtualTime(START), []

    def walker(name: str, stride: float) -> None:
        for _ in range(3):
            time.sleep(stride)
            seen.append((name, (time.now - START).total_seconds()))

    time.at(START, lambda: walker("a", 2))
    time.at(START, lambda: walker("b", 3))
    time.run()
    assert seen == [("a", 2), ("b", 3), ("a", 4), ("b", 6), ("a", 6), ("b", 9)]


def test_time_stops_where_it_is_told_to() -> None:
    time, seen = VirtualTime(START), []
    for seconds in (1, 2, 3):
        time.after(seconds, lambda: seen.append(time.now))
    time.run(START + timedelta(seconds=2))
    assert len(seen) == 2


def test_a_failing_program_is_seen() -> None:
    time = VirtualTime(START)
    time.at(START, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        time.run()
