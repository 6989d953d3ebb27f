"""Collects the requests of a batch that come again, by the time of their next attempt."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sodate.email.send_request import SendRequest, SendSource


@dataclass
class Rescheduler:
    source: SendSource
    now: Callable[[], datetime]
    _until: dict[datetime, list[SendRequest]] = field(default_factory=lambda: defaultdict(list))

    def later(self, requests: Iterable[SendRequest], at: datetime) -> None:
        self._until[at] += requests

    def write(self) -> None:
        """One due entry per time."""
        for at, requests in self._until.items():
            if requests:
                self.source.plan(requests, at, self.now())
