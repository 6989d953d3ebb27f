"""Boxes never overlap, lines go down, and lines across several layers keep beside the boxes."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st
from sodate.rehearsal.report.graph_layout import Box, Layout, layout

SIZE = (200.0, 80.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Every box but the first is reached from an earlier one; further edges lead anywhere, back and to itself too."""
    number = draw(st.integers(1, 14))
    tree = [(draw(st.integers(0, target - 1)), target) for target in range(1, number)]
    box = st.integers(0, number - 1)
    return number, tree + draw(st.lists(st.tuples(box, box), max_size=12))


@given(graphs())
def test_every_graph_is_drawn_without_overlaps(graph: tuple[int, list[tuple[int, int]]]) -> None:
    number, edges = graph
    placed = layout([SIZE] * number, edges)
    assert not [pair for pair in combinations(placed.boxes, 2) if overlap(*pair)]
    assert all(box.x >= 0 and box.right <= placed.width and box.bottom <= placed.height for box in placed.boxes)
    assert layout([SIZE] * number, edges) == placed


@given(graphs())
def test_each_line_goes_from_its_box_down_to_its_box_or_back_up_at_the_side(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    number, edges = graph
    placed = layout([SIZE] * number, edges)
    for position, (source, target) in enumerate(edges):
        route, first, last = placed.routes[position], placed.boxes[source], placed.boxes[target]
        if position in placed.backward:
            assert route[0][0] == first.right and route[-1][0] == last.right
            assert last.y <= first.y
        else:
            assert route[0][1] == first.bottom and route[-1][1] == last.y
            assert all(upper[1] <= lower[1] for upper, lower in pairwise(route))
            assert not list(crossed(placed, position))


def crossed(placed: Layout, position: int) -> list[Box]:
    """Boxes through which the vertical parts of the line go."""
    parts = [(x, top, bottom) for (x, top), (other, bottom) in pairwise(placed.routes[position]) if x == other]
    ends = (placed.routes[position][0][1], placed.routes[position][-1][1])
    return [
        box
        for box in placed.boxes
        for x, top, bottom in parts
        if box.x < x < box.right
        and top < box.bottom
        and box.y < bottom
        and box.bottom not in ends
        and box.y not in ends
    ]


def overlap(one: Box, other: Box) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def test_a_straight_line_of_steps_is_straight() -> None:
    placed = layout([SIZE] * 4, [(0, 1), (1, 2), (2, 3)])
    assert len({box.x for box in placed.boxes}) == 1
    assert [box.y for box in placed.boxes] == sorted(box.y for box in placed.boxes)


def test_a_branch_is_symmetric_and_its_cases_keep_their_order() -> None:
    placed = layout([SIZE] * 4, [(0, 1), (0, 2), (0, 3)])
    left, middle, right = placed.boxes[1:]
    assert left.x < middle.x == placed.boxes[0].x < right.x
    assert middle.x - left.x == right.x - middle.x
    starts = [route[0][0] for route in placed.routes]
    assert starts == sorted(starts)


def test_only_the_edge_that_closes_a_cycle_goes_up() -> None:
    assert layout([SIZE] * 3, [(0, 1), (1, 2), (2, 1), (2, 2)]).backward == {2, 3}


def test_a_shortcut_passes_beside_the_box_between() -> None:
    placed = layout([SIZE] * 3, [(0, 1), (1, 2), (0, 2)])
    between = placed.routes[2][1:-1]
    assert len(between) == 2
    assert all(not placed.boxes[1].x <= x <= placed.boxes[1].right for x, _ in between)
