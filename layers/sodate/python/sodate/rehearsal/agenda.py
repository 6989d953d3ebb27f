"""The virtual clock: actions in the order of their time, then of their urgency, then as they were planned."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush

Action = Callable[[datetime], None]
#: Of one instant: what people and time do, then step mail, then broadcasts.
HAPPENS, STEP, BROADCAST = 0, 1, 2


class Agenda:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self._heap: list[tuple[datetime, int, int, Action]] = []
        self._planned = 0

    def plan(self, at: datetime, action: Action, urgency: int = HAPPENS) -> None:
        """`at` in the past: now."""
        self._planned += 1
        heappush(self._heap, (max(at, self.now), urgency, self._planned, action))

    def run(self, until: datetime) -> None:
        while self._heap and self._heap[0][0] < until:
            self.now, _, _, action = heappop(self._heap)
            action(self.now)
