"""Crashes of one call, before and after each of its writes in turn."""

from collections.abc import Iterator
from typing import Any

from tests.support.world import World


class Death(BaseException):
    """The process ends here; no `except Exception` of ours catches it."""


class CrashPoint:
    """`number` counts the points between two writes, from 0."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self.number = world, number
        self.died = False

    def call(self, function: str, event: Any) -> None:
        """Call a function that dies at this point, if it gets that far. The next process starts with empty caches."""
        table: Any = self._world.table  # type: ignore[attr-defined]
        left = self.number

        def die(label: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Death(label)

        table.point = die
        try:
            self._world.call(function, event)
        except Death:
            self.died = True
        table.point = lambda label: None
        self._world.new_process()


def crash_points(world: World, *, at_least: int, at_most: int = 40) -> Iterator[CrashPoint]:
    """One point after the other; the last is the first that the call does not reach."""
    for number in range(at_most):
        point = CrashPoint(world, number)
        yield point
        if not point.died:
            assert number >= at_least, "the call has fewer writes than that"
            return
    raise AssertionError("the call has more writes than that")
