"""The activity log (行動履歴): append-only, one deterministic key per fact, so that a repeat is a no-op."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

#: What can happen to a lead. The last three kinds are people's: what sales answered, and corrections of the log.
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
#: Not a sign of life: what happened to a mail, and what people of ours wrote.
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
    def place(self) -> str:
        """Its place in the log, as the sort keys order it: by milliseconds, then by key."""
        return f"{self.at.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z#{self.key}"

    @property
    def minute(self) -> int:
        """Since 1970."""
        return int(self.at.timestamp()) // 60


def activity_key(*facts: str | None) -> str:
    """16 hex digits per fact tuple; equal facts give equal keys wherever and however often they are seen."""
    return hashlib.sha256("\x1f".join(fact or "" for fact in facts).encode()).hexdigest()[:16]
