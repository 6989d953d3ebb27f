"""The sending quota of an account: a rate over any one second and a total over any 24 hours.

SES counts recipients, not calls, and counts a suppressed recipient too (SES guide, "Sending quotas").
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ses_simulator.errors import SesRefusal

_SECOND = timedelta(seconds=1)
_DAY = timedelta(hours=24)


@dataclass(slots=True)
class Account:
    """The knobs of GetAccount. Defaults are those of an account that has left the sandbox."""

    max_send_rate: float = 14.0
    max_24_hour_send: float = 50_000.0
    production_access: bool = True
    sending_enabled: bool = True
    suspended: bool = False
    suppressed_reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")


@dataclass(slots=True)
class Quota:
    """What was sent in the last 24 hours, by the given clock."""

    account: Account
    _sent: deque[tuple[datetime, int]] = field(default_factory=deque)
    _total: int = 0

    def sent_last_24_hours(self, now: datetime) -> int:
        """Recipients in the 24 hours before `now`."""
        while self._sent and self._sent[0][0] <= now - _DAY:
            self._total -= self._sent.popleft()[1]
        return self._total

    def take(self, now: datetime, recipients: int) -> None:
        """Count `recipients`, or refuse; a refused call counts for nothing."""
        if self.sent_last_24_hours(now) + recipients > self.account.max_24_hour_send:
            raise SesRefusal("TooManyRequestsException", "Daily message quota exceeded.", 429)
        if self._in_last_second(now) + recipients > self.account.max_send_rate:
            raise SesRefusal("TooManyRequestsException", "Maximum sending rate exceeded.", 429)
        self._sent.append((now, recipients))
        self._total += recipients

    def _in_last_second(self, now: datetime) -> int:
        total = 0
        for at, recipients in reversed(self._sent):
            if at <= now - _SECOND:
                break
            total += recipients
        return total
