"""The activity log (行動履歴): append-only, with a deterministic key per activity, so that a repeat is a no-op."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

#: Catalog of activity types. From `sales_accepted` on (without `meeting_set`) they are written by sales or operators.
ActivityType = Literal[
    "form_submitted",
    "opt_in_confirmed",
    "unsubscribed",
    "preferences_changed",
    "mail_opened",
    "mail_clicked",
    "mail_bounced",
    "mail_complained",
    "page_viewed",
    "document_downloaded",
    "seminar_registered",
    "seminar_attended",
    "call_made",
    "sales_accepted",
    "sales_rejected",
    "meeting_set",
    "deal_won",
    "deal_lost",
    "score_adjusted",
    "activity_judged",
]
#: No engagement: events of an email, and activities written by sales or operators.
NOT_BY_THE_LEAD = frozenset(
    {"mail_bounced", "sales_accepted", "sales_rejected", "deal_won", "deal_lost", "score_adjusted", "activity_judged"}
)


@dataclass(frozen=True)
class Activity:
    """`type` is an `ActivityType`; `about` holds ids (form, template, link), never personal data."""

    lead_id: str
    type: str
    at: datetime
    key: str
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def position(self) -> str:
        """Position in the log, in sort-key order: by time in milliseconds, then by key."""
        return f"{self.at.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z#{self.key}"

    @property
    def minute(self) -> int:
        """`at` in minutes since 1970."""
        return int(self.at.timestamp()) // 60


def activity_key(*parts: str | None) -> str:
    """16 hex digits; equal parts give equal keys for any caller, any number of times."""
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()[:16]
