"""Events on their way out: late, twice, in another order or never, as the disturbance says."""

from dataclasses import dataclass, field
from datetime import datetime

from ses_simulator.disturbance import Disturbance
from ses_simulator.events import Event


@dataclass(slots=True)
class EventOutbox:
    """Holds copies of events until their release time."""

    disturbance: Disturbance
    _waiting: list[tuple[datetime, float, int, Event]] = field(default_factory=list)
    _counted: int = 0

    def put(self, event: Event, now: datetime) -> None:
        """Schedule the copies of one event."""
        self._counted += 1
        key = f"{event['mail']['messageId']}/{event['eventType']}/{self._counted}"
        for copy in range(self.disturbance.copies(key)):
            release_at = now + self.disturbance.delay_of(key, copy)
            place = self.disturbance.place(key, copy, self._counted)
            self._waiting.append((release_at, place, self._counted, event))

    def take(self, now: datetime | None) -> list[Event]:
        """Remove and return what is due at `now` (for None: all) in order of arrival, unless disordered."""
        due = [entry for entry in self._waiting if now is None or entry[0] <= now]
        self._waiting = [entry for entry in self._waiting if now is not None and entry[0] > now]
        return [event for _, _, _, event in sorted(due, key=lambda entry: (entry[1], entry[2]))]
