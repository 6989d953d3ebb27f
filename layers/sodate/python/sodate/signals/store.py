"""SIGNAL# items: a lead became hot, with the reasons. `scoring` creates them, `sales` reads and updates them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, decode


class SignalItem(TableItem, discriminator="signal"):
    name = UnicodeAttribute()
    at = UnicodeAttribute()
    total = NumberAttribute()
    phase = UnicodeAttribute()
    phase_label = UnicodeAttribute()
    rules_version = NumberAttribute()
    reasons: JSONAttribute = JSONAttribute()
    latest: JSONAttribute = JSONAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    calls: JSONAttribute = JSONAttribute(null=True)
    # -- written by `sales`
    joins = UnicodeAttribute(null=True)
    assigned_to = UnicodeAttribute(null=True)
    assigned_at = UnicodeAttribute(null=True)
    assigned_because = UnicodeAttribute(null=True)
    escalation_level = NumberAttribute(default=0)
    digest_at = UnicodeAttribute(null=True)
    notifications: MapAttribute[str, Any] = MapAttribute(default=dict)
    feedback = UnicodeAttribute(null=True)
    feedback_key = UnicodeAttribute(null=True)
    feedback_at = UnicodeAttribute(null=True)
    feedback_entries: MapAttribute[str, Any] = MapAttribute(default=dict)
    expired_at = UnicodeAttribute(null=True)
    recycled = UnicodeAttribute(null=True)


def signal_item(lead_id: str, at: datetime, cause: str | None = None, **facts: Any) -> SignalItem:
    """`cause`: as in `keys.signal`."""
    return SignalItem(keys.lead(lead_id), keys.signal(at, cause), name="LeadBecameHot", at=keys.stamp(at), **facts)


def signals_of(lead_id: str) -> list[SignalItem]:
    return table.query(SignalItem, keys.lead(lead_id), keys.SIGNALS)


def find_signal(lead_id: str, sort_key: str) -> SignalItem | None:
    return table.find(SignalItem, keys.lead(lead_id), sort_key)


def find_signals(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SignalItem]:
    """By lead id and sort key; missing ones are left out."""
    rows = table.get_many((keys.lead(lead_id), sort_key) for lead_id, sort_key in wanted)
    return {(keys.lead_id_of(pk), sk): decode(SignalItem, row) for (pk, sk), row in rows.items()}
