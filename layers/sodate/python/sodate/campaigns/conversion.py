"""Conversions that go back to an ad platform: who may be sent, with which ids, in which file format. Pure.

Rows of one batch do not depend on each other: one that cannot be sent is set aside with its reason.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from io import StringIO
from typing import Any, Literal

from sodate.money import Money, amount_text

Platform = Literal["google", "meta"]
PLATFORMS: tuple[Platform, ...] = ("google", "meta")
#: How old a conversion may be; one day less than each platform says, for the time until somebody uploads the file.
EXPIRY: dict[Platform, timedelta] = {"google": timedelta(days=89), "meta": timedelta(days=6)}
#: How old the click may be when it converts: the longest window that the platform has.
CLICK_WINDOW: dict[Platform, timedelta] = {"google": timedelta(days=90), "meta": timedelta(days=28)}
CLICK_KINDS: dict[Platform, tuple[str, ...]] = {"google": ("gclid", "gbraid", "wbraid"), "meta": ("fbclid",)}
_GMAIL = ("gmail.com", "googlemail.com")


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
    email = hashed(recipient.address) if recipient.has_consent and recipient.address else ""
    if not ids and not email:
        return SetAside(conversion, ConversionState.WITHHELD, "no_click_id_and_no_consent")
    return Row(conversion, ids, clicked_at, email)


def hashed(address: str) -> str:
    """As both platforms ask for: lower case, without spaces; of Gmail without dots and without what follows a `+`."""
    local, _, domain = address.strip().lower().rpartition("@")
    if domain in _GMAIL:
        local = local.partition("+")[0].replace(".", "")
    return hashlib.sha256(f"{local}@{domain}".encode()).hexdigest()


def google_csv(rows: Sequence[Row]) -> str:
    """Offline conversions of clicks. Columns that no row needs are left out, as the upload takes no empty ones."""
    columns = [*_GOOGLE]
    columns += [kind for kind in ("GBRAID", "WBRAID") if any(kind.lower() in row.ids for row in rows)]
    columns += ["Email"] if any(row.hashed_email for row in rows) else []
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["Parameters:TimeZone=+0000"])
    writer.writerow(columns)
    for row in rows:
        cells = _google_cells(row)
        writer.writerow([cells[column] for column in columns])
    return out.getvalue()


def meta_lines(rows: Sequence[Row]) -> str:
    """Events of the Conversions API for CRMs, one JSON document per line."""
    return "".join(f"{json.dumps(meta_event(row), ensure_ascii=False, sort_keys=True)}\n" for row in rows)


def meta_event(row: Row) -> dict[str, Any]:
    one, user = row.conversion, dict[str, Any]()
    if row.hashed_email:
        user["em"] = [row.hashed_email]
    if "fbclid" in row.ids and row.clicked_at is not None:
        user["fbc"] = f"fb.1.{int(row.clicked_at.timestamp() * 1000)}.{row.ids['fbclid']}"
    custom: dict[str, Any] = {"event_source": "crm", "lead_event_source": "Sodate"}
    if one.money is not None:
        custom |= {"value": _plain_amount(one.money), "currency": one.money.currency}
    return {
        "event_name": one.name,
        "event_time": int(one.at.timestamp()),
        "event_id": one.key,
        "action_source": "system_generated",
        "user_data": user,
        "custom_data": custom,
    }


FILES = {"google": google_csv, "meta": meta_lines}
_GOOGLE = (
    "Google Click ID", "Conversion Name", "Conversion Time", "Conversion Value", "Conversion Currency", "Order ID",
)  # fmt: skip


def _google_cells(row: Row) -> dict[str, str]:
    one = row.conversion
    return {
        "Google Click ID": row.ids.get("gclid", ""),
        "Conversion Name": one.name,
        "Conversion Time": f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "Conversion Value": _plain_amount(one.money) if one.money is not None else "",
        "Conversion Currency": one.money.currency if one.money is not None else "",
        "Order ID": one.key,
        "GBRAID": row.ids.get("gbraid", ""),
        "WBRAID": row.ids.get("wbraid", ""),
        "Email": row.hashed_email,
    }


def _plain_amount(money: Money) -> str:
    return amount_text(money.amount, money.currency).replace(",", "")


def _latest_click(conversion: Conversion, recipient: Recipient) -> tuple[dict[str, str], datetime | None]:
    """The platform's ids of the last click before the conversion that is not too old."""
    kinds, window = CLICK_KINDS[conversion.platform], CLICK_WINDOW[conversion.platform]
    for at, ids in sorted(recipient.clicks, key=lambda click: click[0], reverse=True):
        own = next(({kind: ids[kind]} for kind in kinds if kind in ids), None)
        if own is not None and at <= conversion.at and conversion.at - at <= window:
            return own, at
    return {}, None
