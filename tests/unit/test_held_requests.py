"""Which bound holds requests back, told to people as `carry_out` acts on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sodate.privacy.request import MOST_ASKED, MOST_DUE, MOST_PER_DAY, Held, held_back


@pytest.mark.parametrize(("numbers", "held"), [
    ((0, 0, MOST_PER_DAY), None),
    ((MOST_ASKED, MOST_DUE, MOST_PER_DAY - 1), None),
    ((MOST_ASKED + 1, 1, 0), Held.ASKED),
    ((MOST_ASKED, MOST_DUE + 1, 0), Held.DUE),
    ((1, 1, MOST_PER_DAY), Held.DAY),
])  # fmt: skip
def test_each_bound_is_named(numbers: tuple[int, int, int], held: Held | None) -> None:
    assert held_back(*numbers) is held


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 500))
def test_more_never_frees_what_is_held(asked: int, due: int, begun: int) -> None:
    if held_back(asked, due, begun) is not None:
        assert held_back(asked + 1, due + 1, begun + 1) is not None
