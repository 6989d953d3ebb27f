"""The activity log (行動履歴): append-only, with a deterministic key per activity, so that a repeat is a no-op."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Activity:
    """`type` is an `ActivityType`, or one of a newer release. `about` holds ids and links, never personal data.

    `recorded`: when it was written, where that may be later than `at` (an event of SES, an import, a note by hand);
    None: at `at`. Reports as of a past date need what was known then.
    """

    lead_id: str
    type: str
    at: datetime
    key: str
    about: dict[str, Any] = field(default_factory=dict)
    recorded: datetime | None = field(default=None, compare=False)

    @property
    def position(self) -> str:
        """Position in the log, in sort-key order: by time in milliseconds, then by key."""
        return f"{self.at.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z#{self.key}"

    @property
    def known_minute(self) -> int:
        """Since when the log has it, in minutes since 1970."""
        return self.minute if self.recorded is None else max(self.minute, int(self.recorded.timestamp()) // 60)

    @property
    def minute(self) -> int:
        """`at` in minutes since 1970."""
        return int(self.at.timestamp()) // 60


def activity_key(*parts: str | None) -> str:
    """16 hex digits; equal parts give equal keys for any caller, any number of times."""
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()[:16]
