"""Which bound holds requests back, as people read it and as `carry_out` acts on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.privacy.request import MOST_ASKED, MOST_DUE, MOST_PER_DAY, Bound, bound_reached


@pytest.mark.parametrize(("numbers", "bound"), [
    ((0, 0, MOST_PER_DAY), None),
    ((MOST_ASKED, MOST_DUE, MOST_PER_DAY - 1), None),
    ((MOST_ASKED + 1, 1, 0), Bound.ASKED),
    ((MOST_ASKED, MOST_DUE + 1, 0), Bound.DUE),
    ((1, 1, MOST_PER_DAY), Bound.DAY),
])  # fmt: skip
def test_each_bound_is_named(numbers: tuple[int, int, int], bound: Bound | None) -> None:
    assert bound_reached(*numbers) is bound


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 500))
def test_more_never_frees_what_is_held(asked: int, due: int, begun: int) -> None:
    if bound_reached(asked, due, begun) is not None:
        assert bound_reached(asked + 1, due + 1, begun + 1) is not None
