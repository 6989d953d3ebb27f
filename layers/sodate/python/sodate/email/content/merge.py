"""Merge values of a template. Empty values are omitted, so that `default` applies and a missing value is an error."""

import unicodedata
from typing import Any

from sodate.email.mailing import Mailing
from sodate.leads.lead import Profile

#: First parts of the names of all merge fields. A template with another one needs a newer release.
ROOTS = frozenset(
    {"lead", "sender", "brand", "form", "preheader", "unsubscribe_url", "preferences_url", "opt_in_url", "variables"}
)
_RIGHT_TO_LEFT = {"R", "AL", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "PDF"}


def merge_values(profile: Profile, mailing: Mailing, **more: Any) -> dict[str, Any]:
    lead = _printable(profile.primary) | {"email": profile.address, "secondary": _printable(profile.secondary)}
    return {"lead": lead, **opt_in_values(mailing), **more}


def opt_in_values(mailing: Mailing, **more: Any) -> dict[str, Any]:
    """No lead attributes: an unverified form post supplies them, and the address may be another person's (ADR 0067)."""
    return {"sender": mailing.sender.model_dump(exclude_none=True), "brand": mailing.brand.merge_fields, **more}


def isolate(text: str) -> str:
    """U+2068…U+2069 around right-to-left text, so that a name cannot reorder the sentence around it (UAX #9)."""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"\u2068{text}\u2069"
    return text


def _printable(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _one(value) for name, value in values.items() if value not in (None, "", [])}


def _one(value: Any) -> Any:
    if isinstance(value, list):
        return [_one(item) for item in value]
    return isolate(value) if isinstance(value, str) else value
