"""Virtual time: programs that sleep run as if at once, one at a time, in the order of the moments they asked for.

Each program is a thread, but only the one whose moment has come runs; the others wait for theirs. So production code
that sleeps between two calls is interleaved with its neighbours exactly as far as its sleeping says.

Kept of a real clock: the order of wake-ups. Not kept: time that passes while a program computes.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import datetime, timedelta


class VirtualTime:
    def __init__(self, start: datetime) -> None:
        self.now = start
        self._order = itertools.count()
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._rested = threading.Semaphore(0)
        self._mine = threading.local()
        self._trouble: list[BaseException] = []

    def at(self, moment: datetime, program: Callable[[], None]) -> None:
        """Run `program`, which may `sleep`, at `moment` or now, whichever is later."""
        self._wake(moment, lambda: self._start(program))

    def after(self, seconds: float, program: Callable[[], None]) -> None:
        self.at(self.now + timedelta(seconds=seconds), program)

    @property
    def is_in_program(self) -> bool:
        return hasattr(self._mine, "wake")

    def sleep(self, seconds: float) -> None:
        """Only inside a program."""
        mine: threading.Semaphore = self._mine.wake
        self._wake(self.now + timedelta(seconds=max(0.0, seconds)), mine.release)
        self._rested.release()
        mine.acquire()

    def run(self, until: datetime | None = None) -> None:
        """Until nothing waits any more, or up to and with `until`."""
        while self._waiting and (until is None or self._waiting[0][0] <= until):
            moment, _, wake = heapq.heappop(self._waiting)
            self.now = max(self.now, moment)
            wake()
            self._rested.acquire()
            if self._trouble:
                raise self._trouble[0]

    def _wake(self, moment: datetime, wake: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (moment, next(self._order), wake))

    def _start(self, program: Callable[[], None]) -> None:
        """In a thread that uses the same table."""
        context = copy_context()
        threading.Thread(target=context.run, args=(self._run, program), daemon=True).start()

    def _run(self, program: Callable[[], None]) -> None:
        self._mine.wake = threading.Semaphore(0)
        try:
            program()
        except BaseException as error:  # noqa: BLE001  raised again by `run`, where somebody sees it
            self._trouble.append(error)
        finally:
            self._rested.release()
