"""How many batches one network address may send per minute, counted in the memory of one process.

Exact counts would cost a write per batch, also for honest visitors. The throttle of the route lets so few requests
through that a few processes serve them all, so an address gets a few times this number at the most. Addresses are
neither stored nor logged.
"""

from dataclasses import dataclass, field
from datetime import datetime

#: A company behind one address, with many people on the site in the same minute, stays below it.
PER_MINUTE = 300
_MOST_ADDRESSES = 10_000
_OTHERS = "(others)"


@dataclass
class AddressWindow:
    """The counts of the current minute."""

    minute: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def admits(self, address: str, now: datetime) -> bool:
        minute = int(now.timestamp()) // 60
        if minute != self.minute:
            self.minute = minute
            self.counts.clear()
        name = address if address in self.counts or len(self.counts) < _MOST_ADDRESSES else _OTHERS
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name] <= PER_MINUTE
