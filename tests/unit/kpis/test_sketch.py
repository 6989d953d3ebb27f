"""Distinct visitors: error, union, order (figure 12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.kpis.sketch import EMPTY, Sketch

VALUES = st.lists(st.text(max_size=8), max_size=60)


@pytest.mark.parametrize("exact", [100, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("of", ["a", "b", "c"])
def test_an_estimate_is_at_most_2_percent_off(exact: int, of: str) -> None:
    assert Sketch.of(f"{of}{number}" for number in range(exact)).count == pytest.approx(exact, rel=0.02)


@given(VALUES, VALUES)
def test_a_union_is_the_sketch_of_the_union_in_any_order_and_with_duplicates(one: list[str], two: list[str]) -> None:
    both = Sketch.of([*one, *two, *one])
    assert Sketch.of(one).union(Sketch.of(two)) == Sketch.of(two).union(Sketch.of(one)) == both
    assert both.union(both) == both.union(EMPTY) == both
    assert both.count == len({*one, *two})  # exact while few


@given(VALUES)
def test_a_sketch_is_read_back_as_it_was_written(values: list[str]) -> None:
    assert Sketch.loads(Sketch.of(values).dumps()) == Sketch.of(values)


def test_a_full_sketch_is_read_back_and_stays_small() -> None:
    full = Sketch.of(str(number) for number in range(200_000))
    text = full.dumps()
    assert Sketch.loads(text) == full
    assert len(text) < 25_000
    assert EMPTY.count == 0


@pytest.mark.parametrize("text", ["", "xx", "[1]", "AAAA", "[[1,2"])
def test_what_is_no_sketch_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Sketch.loads(text)
