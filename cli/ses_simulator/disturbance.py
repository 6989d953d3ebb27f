"""Duplicates, delay, disorder and loss of events, from a seed.

Every draw is a hash of (seed, what, which event), not the next number of a generator: an event's fate does not depend
on how many others were drawn before it, so a failing seed keeps failing when the scenario around it changes.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta


def chance(seed: int, *labels: object) -> float:
    """A number in [0, 1) that depends on the arguments only."""
    text = "\x1f".join(str(label) for label in (seed, *labels))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Shares are probabilities per event; `delay` is the longest extra delay. The default disturbs nothing."""

    seed: int = 0
    duplicates: float = 0.0
    loss: float = 0.0
    delay: timedelta = timedelta(0)
    disorder: bool = False

    def copies(self, event_key: str) -> int:
        """How often an event is published: 0 is lost, 2 is a duplicate."""
        if chance(self.seed, "loss", event_key) < self.loss:
            return 0
        return 2 if chance(self.seed, "duplicate", event_key) < self.duplicates else 1

    def delay_of(self, event_key: str, copy: int) -> timedelta:
        """Extra delay of one copy."""
        return self.delay * chance(self.seed, "delay", event_key, copy)

    def place(self, event_key: str, copy: int, order: int) -> float:
        """Sort key among events that are released together."""
        return chance(self.seed, "order", event_key, copy) if self.disorder else float(order)
