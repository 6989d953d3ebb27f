"""Hands the simulator's events to the SNS topic of the local cloud, as SES would: at least once, and without haste.

An event that SNS did not take is tried again before newer ones, so nothing is lost while MiniStack restarts.
"""

import threading
from collections import deque
from collections.abc import Callable
from threading import Lock

from ses_simulator.envelopes import message_text
from ses_simulator.events import Event
from ses_simulator.simulator import SesSimulator

Publish = Callable[[str], None]


class Publisher:
    """A background thread. `publish` is None until the topic is known; events wait."""

    def __init__(self, simulator: SesSimulator, lock: Lock, pause: float = 0.2) -> None:
        self.publish: Publish | None = None
        self._simulator = simulator
        self._lock = lock
        self._pause = pause
        self._waiting: deque[Event] = deque()
        self._wake = threading.Event()
        self.last_error: str | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="ses-events", daemon=True).start()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    @property
    def unpublished(self) -> int:
        """Events that are due and not yet with SNS."""
        return len(self._waiting)

    def publish_due(self) -> None:
        """Take what is due and hand it over; stops at the first failure."""
        with self._lock:
            self._waiting.extend(self._simulator.take_events())
        while self._waiting and self.publish is not None:
            try:
                self.publish(message_text(self._waiting[0]))
            except Exception as error:  # noqa: BLE001 - whatever SNS says, the event stays first in line
                self.last_error = f"{type(error).__name__}: {error}"
                return
            self.last_error = None
            self._waiting.popleft()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._pause)
            self._wake.clear()
            self.publish_due()
