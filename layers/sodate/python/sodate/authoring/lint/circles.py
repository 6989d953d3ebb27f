"""Circles of names that lead to each other. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

#: Name → names to which it leads.
Edges = Mapping[str, Iterable[str]]


def circles(edges: Edges) -> Iterator[tuple[str, ...]]:
    """The shortest circle through each name that is in one, beginning with the name; not twice with the same names."""
    found = set[frozenset[str]]()
    for start in edges:
        circle = _shortest(start, edges)
        if circle and frozenset(circle) not in found:
            found.add(frozenset(circle))
            yield circle


def shown(circle: tuple[str, ...]) -> str:
    return " → ".join(f"`{name}`" for name in (*circle, circle[0]))


def _shortest(start: str, edges: Edges) -> tuple[str, ...]:
    """Empty when none leads back to `start`."""
    ahead, seen = deque[tuple[str, ...]]([(start,)]), set[str]()
    while ahead:
        path = ahead.popleft()
        for name in edges.get(path[-1], ()):
            if name == start:
                return path
            if name not in seen:
                seen.add(name)
                ahead.append((*path, name))
    return ()


def groups(edges: Edges) -> Iterator[frozenset[str]]:
    """The largest sets of names that all lead to each other; a name alone only when it leads to itself."""
    reached = {name: _reached(name, edges) for name in edges}
    yield from dict.fromkeys(
        frozenset(other for other in names if name in reached.get(other, ()))
        for name, names in reached.items()
        if name in names
    )


def _reached(start: str, edges: Edges) -> set[str]:
    reached, ahead = set[str](), [*edges.get(start, ())]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += edges.get(name, ())
    return reached
