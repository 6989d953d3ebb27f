"""The activity log (行動履歴): append-only, one deterministic key per fact, so that a repeat is a no-op."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Activity:
    """`type` is one of `scoring.rules.ActivityType`; `about` holds ids (form, template, link), never personal data."""

    lead_id: str
    type: str
    at: datetime
    key: str
    about: dict[str, Any] = field(default_factory=dict)


def activity_key(*facts: str | None) -> str:
    """16 hex digits per fact tuple; equal facts give equal keys wherever and however often they are seen."""
    return hashlib.sha256("\x1f".join(fact or "" for fact in facts).encode()).hexdigest()[:16]
