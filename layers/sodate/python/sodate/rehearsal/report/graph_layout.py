"""Places the boxes of a graph in layers from top to bottom, and routes its edges between them. Pure.

The method is that of Sugiyama: edges that close a cycle are left aside, each box lies below those that lead to it, an
edge across several layers has a point in each, the order in a layer follows the neighbours, and columns are then
straightened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

GAP_X, GAP_Y, MARGIN = 28.0, 78.0, 12.0
_POINT = 16.0
_SWEEPS = 8
_LANE = 18.0

Point = tuple[float, float]
Edge = tuple[int, int]


@dataclass(frozen=True)
class Box:
    """Left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def right(self) -> float:
        return self.x + self.width


@dataclass(frozen=True)
class Layout:
    """`routes`: of each edge, in the order given, the points through which it goes. `backward`: edges that go up."""

    boxes: tuple[Box, ...]
    routes: tuple[tuple[Point, ...], ...]
    backward: frozenset[int]
    width: float
    height: float


@dataclass
class _Layers:
    """Vertices are boxes and, after them, the points of long edges. `chains`: of each edge its vertices."""

    widths: list[float]
    layer: list[int]
    chains: list[list[int]] = field(default_factory=list)

    def rows(self) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in range(max(self.layer) + 1)]
        for vertex, layer in enumerate(self.layer):
            rows[layer].append(vertex)
        return rows


def layout(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """`sizes`: width and height of each box. The first box is where everything begins."""
    backward = _backward(len(sizes), edges)
    forward = [edge for number, edge in enumerate(edges) if number not in backward]
    layers = _with_points(sizes, edges, backward, _layers_of(len(sizes), forward))
    rows = _ordered(layers)
    centre = _columns(rows, layers)
    spans = _spans(rows, sizes)
    boxes = tuple(
        Box(centre[number] - width / 2, spans[layers.layer[number]][0], width, height)
        for number, (width, height) in enumerate(sizes)
    )
    right, lanes = max(box.right for box in boxes), iter(sorted(backward))
    lane_of = {number: right + _LANE * (position + 1) for position, number in enumerate(lanes)}
    routes = tuple(
        _up(boxes[edge[0]], boxes[edge[1]], lane_of[number])
        if number in backward
        else _down(number, edges, layers, boxes, (centre, spans))
        for number, edge in enumerate(edges)
    )
    far = max((x for route in routes for x, _ in route), default=right)
    return Layout(boxes, routes, backward, max(right, far) + MARGIN, max(box.bottom for box in boxes) + MARGIN)


def _backward(number: int, edges: Sequence[Edge]) -> frozenset[int]:
    """Edges that lead to a box from which the walk came."""
    leaving: list[list[int]] = [[] for _ in range(number)]
    for position, (source, _) in enumerate(edges):
        leaving[source].append(position)
    state, found = ["new"] * number, set[int]()
    for root in range(number):
        if state[root] == "new":
            found |= _walk(root, edges, leaving, state)
    return frozenset(found)


def _walk(root: int, edges: Sequence[Edge], leaving: list[list[int]], state: list[str]) -> set[int]:
    found, stack = set[int](), [(root, iter(leaving[root]))]
    while stack:
        vertex, ahead = stack[-1]
        state[vertex] = "open"
        position = next(ahead, None)
        if position is None:
            state[vertex] = "done"
            stack.pop()
            continue
        target = edges[position][1]
        if state[target] == "open":
            found.add(position)
        elif state[target] == "new":
            stack.append((target, iter(leaving[target])))
    return found


def _layers_of(number: int, forward: Sequence[Edge]) -> list[int]:
    """Each box one layer below the lowest of those that lead to it."""
    layer = [0] * number
    for _ in range(number):
        for source, target in forward:
            layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _with_points(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], backward: frozenset[int], layer: list[int]
) -> _Layers:
    layers = _Layers([width for width, _ in sizes], list(layer))
    for number, (source, target) in enumerate(edges):
        between = range(layer[source] + 1, layer[target]) if number not in backward else ()
        points = list(range(len(layers.widths), len(layers.widths) + len(between)))
        layers.widths += [_POINT] * len(points)
        layers.layer += between
        layers.chains.append([source, *points, target] if number not in backward else [])
    return layers


def _neighbours(layers: _Layers) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Vertices above and below each vertex."""
    above: dict[int, list[int]] = {vertex: [] for vertex in range(len(layers.widths))}
    below: dict[int, list[int]] = {vertex: [] for vertex in range(len(layers.widths))}
    for chain in layers.chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def _ordered(layers: _Layers) -> list[list[int]]:
    """Each layer sorted by the average position of the neighbours, from above and from below in turn."""
    rows, (above, below) = layers.rows(), _neighbours(layers)
    for sweep in range(_SWEEPS):
        neighbours = below if sweep % 2 else above
        for row in reversed(rows) if sweep % 2 else rows:
            position = {vertex: index for line in rows for index, vertex in enumerate(line)}
            ideal = {
                vertex: fmean(position[one] for one in neighbours[vertex]) if neighbours[vertex] else position[vertex]
                for vertex in row
            }
            row.sort(key=ideal.__getitem__)
    return rows


def _columns(rows: list[list[int]], layers: _Layers) -> list[float]:
    """The centre of each vertex: as near to its neighbours' as the widths in its layer allow."""
    above, below = _neighbours(layers)
    centre = [0.0] * len(layers.widths)
    for row in rows:
        _place(row, [0.0] * len(row), layers.widths, centre)
    for sweep in range(_SWEEPS):
        for row in reversed(rows) if sweep % 2 else rows:
            ideal = []
            for vertex in row:
                near = [*above[vertex], *below[vertex]]
                ideal.append(fmean(centre[one] for one in near) if near else centre[vertex])
            _place(row, ideal, layers.widths, centre)
    left = min(centre[vertex] - layers.widths[vertex] / 2 for vertex in range(len(centre)))
    return [x - left + MARGIN for x in centre]


def _place(row: list[int], ideal: list[float], widths: list[float], centre: list[float]) -> None:
    """Least squares under the order of the row: neighbours whose ideals collide share their average."""
    offset, offsets = 0.0, []
    for index, vertex in enumerate(row):
        offset += (widths[row[index - 1]] + widths[vertex]) / 2 + GAP_X if index else 0.0
        offsets.append(offset)
    groups: list[list[float]] = []
    for wanted, shift in zip(ideal, offsets, strict=True):
        groups.append([wanted - shift])
        while len(groups) > 1 and fmean(groups[-2]) > fmean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = [fmean(group) for group in groups for _ in group]
    for vertex, start, shift in zip(row, placed, offsets, strict=True):
        centre[vertex] = start + shift


def _spans(rows: list[list[int]], sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Top and bottom of each layer."""
    spans, y = [], MARGIN
    for row in rows:
        height = max((sizes[vertex][1] for vertex in row if vertex < len(sizes)), default=_POINT)
        spans.append((y, y + height))
        y += height + GAP_Y
    return spans


def _down(
    number: int, edges: Sequence[Edge], layers: _Layers, boxes: tuple[Box, ...],
    at: tuple[list[float], list[tuple[float, float]]],
) -> tuple[Point, ...]:  # fmt: skip
    """Straight down beside the boxes of the layers that it passes."""
    (source, target), chain, (centre, spans) = edges[number], layers.chains[number], at
    leaving = sorted(_of(layers, 0, source), key=lambda one: (centre[layers.chains[one][1]], one))
    coming = sorted(_of(layers, -1, target), key=lambda one: (centre[layers.chains[one][-2]], one))
    between = [(centre[vertex], y) for vertex in chain[1:-1] for y in spans[layers.layer[vertex]]]
    start = (_port(boxes[source], leaving.index(number), len(leaving)), boxes[source].bottom)
    return (start, *between, (_port(boxes[target], coming.index(number), len(coming)), boxes[target].y))


def _of(layers: _Layers, end: int, vertex: int) -> Iterator[int]:
    return (number for number, chain in enumerate(layers.chains) if chain and chain[end] == vertex)


def _port(box: Box, position: int, number: int) -> float:
    return box.x + box.width * (position + 1) / (number + 1)


def _up(source: Box, target: Box, lane: float) -> tuple[Point, ...]:
    """Along the right side of the drawing."""
    start, end = source.y + source.height * 0.6, target.y + target.height * 0.4
    return ((source.right, start), (lane, start), (lane, end), (target.right, end))
