"""How suspect the first clicks on emails to one recipient domain are: small counters that forget slowly.

Above `_FULL` emails a domain is counted for one email in sixteen, and older counts are halved, so that a large domain
is no hot item, and a gateway that was switched on or off shows after some hundred emails.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.email.events import store
from sodate.email.events.verdicts import Prior

_FULL, _SAMPLE = 100, 16


@dataclass(frozen=True)
class Priors:
    """Read once per domain and batch."""

    _read: dict[str, Prior] = field(default_factory=dict)

    def of(self, domain: str) -> Prior:
        if domain not in self._read:
            self._read[domain] = Prior(*store.find_prior(domain))
        return self._read[domain]

    def count(self, domain: str, send_id: str, *, is_suspect: bool, now: datetime) -> None:
        """Count an email that was clicked for the first time. A lost count is harmless."""
        was = self.of(domain)
        if was.clicked >= _FULL and int(activity_key(send_id)[:8], 16) % _SAMPLE:
            return
        before = Prior(was.clicked // 2, was.suspect // 2) if was.clicked >= 2 * _FULL else was
        after = Prior(before.clicked + 1, before.suspect + is_suspect)
        store.put_prior(domain, (was.clicked, was.suspect), (after.clicked, after.suspect), now)
        self._read[domain] = after
