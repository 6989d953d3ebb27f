"""Conversions that go back to an ad platform: who may be sent, and with which ids. Pure.

Rows of one batch do not depend on each other: one that cannot be sent is set aside with its reason.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from sodate.leads.base_mailbox import gmail_local
from sodate.money import Money

Platform = Literal["google", "meta", "yahoo", "microsoft"]
PLATFORMS: tuple[Platform, ...] = ("google", "meta", "yahoo", "microsoft")
#: Those that find people by a hashed address too; the others by the id of a click only.
BY_ADDRESS: tuple[Platform, ...] = ("google", "meta")
#: How old a conversion may be; one day less than each platform says, for the time until somebody uploads the file.
EXPIRY: dict[Platform, timedelta] = {
    **dict.fromkeys(PLATFORMS, timedelta(days=89)),
    "meta": timedelta(days=6),
}
#: How old the click may be when it converts: the longest window that the platform has.
CLICK_WINDOW: dict[Platform, timedelta] = {
    **dict.fromkeys(PLATFORMS, timedelta(days=90)),
    "meta": timedelta(days=28),
}
CLICK_KINDS: dict[Platform, tuple[str, ...]] = {
    "google": ("gclid", "gbraid", "wbraid"),
    "meta": ("fbclid",),
    "yahoo": ("yclid",),
    "microsoft": ("msclkid",),
}


class ConversionState(StrEnum):
    """`exported`: written into a file; `accepted`, `rejected`: verdicts of the platform's API.

    `expired`: too old for the platform. `withheld`: must not or cannot be sent; the reason says why.
    """

    PENDING = "pending"
    EXPORTED = "exported"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class Conversion:
    """One conversion in the queue of a platform; it names the lead by its id and holds none of its data.

    `name`: of the conversion at the platform. `key`: by which the platform recognises a repeat.
    """

    platform: Platform
    key: str
    lead_id: str
    name: str
    at: datetime
    money: Money | None = None
    state: ConversionState = ConversionState.PENDING
    batch: str = ""
    attempts: int = 0


@dataclass(frozen=True)
class Recipient:
    """What is known of the lead now. `clicks`: time and ids of its form posts. `has_consent`: to hashed addresses."""

    address: str
    is_blocked: bool
    has_consent: bool
    clicks: Sequence[tuple[datetime, Mapping[str, str]]] = ()


@dataclass(frozen=True)
class Row:
    """One row for the platform. `ids`: by kind of click id; `hashed_email`: SHA-256, hexadecimal, or empty."""

    conversion: Conversion
    ids: Mapping[str, str] = field(default_factory=dict)
    clicked_at: datetime | None = None
    hashed_email: str = ""


@dataclass(frozen=True)
class SetAside:
    conversion: Conversion
    state: ConversionState
    reason: str


def row_of(conversion: Conversion, recipient: Recipient | None, now: datetime) -> Row | SetAside:
    """`recipient` None: the lead was erased."""
    if now - conversion.at > EXPIRY[conversion.platform]:
        return SetAside(conversion, ConversionState.EXPIRED, "too_old")
    if recipient is None:
        return SetAside(conversion, ConversionState.WITHHELD, "erased")
    if recipient.is_blocked:
        return SetAside(conversion, ConversionState.WITHHELD, "objected")
    ids, clicked_at = _latest_click(conversion, recipient)
    may_hash = conversion.platform in BY_ADDRESS and recipient.has_consent and recipient.address
    email = hashed(recipient.address, conversion.platform) if may_hash else ""
    if not ids and not email:
        return SetAside(conversion, ConversionState.WITHHELD, "no_click_id_and_no_consent")
    return Row(conversion, ids, clicked_at, email)


def hashed(address: str, platform: Platform) -> str:
    """Lower case, without spaces; for Google, of Gmail without dots and without what follows a `+`."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = gmail_local(local, domain) if platform == "google" else local
    return hashlib.sha256(f"{local}@{domain}".encode()).hexdigest()


def _latest_click(conversion: Conversion, recipient: Recipient) -> tuple[dict[str, str], datetime | None]:
    """The platform's ids of the last click before the conversion that is not too old."""
    kinds, window = CLICK_KINDS[conversion.platform], CLICK_WINDOW[conversion.platform]
    for at, ids in sorted(recipient.clicks, key=lambda click: click[0], reverse=True):
        own = next(({kind: ids[kind]} for kind in kinds if kind in ids), None)
        if own is not None and at <= conversion.at and conversion.at - at <= window:
            return own, at
    return {}, None
