"""SIGNAL# items: why sales was told. Put by the score that crossed the threshold, read by `sales`."""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.table import base, keys
from sodate.table.base import TableItem


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
    webhook_at = UnicodeAttribute(null=True)
    webhook_status = UnicodeAttribute(null=True)


def signal_item(lead_id: str, at: datetime, **facts: Any) -> SignalItem:
    return SignalItem(keys.lead(lead_id), keys.signal(at), name="LeadBecameHot", at=keys.stamp(at), **facts)


def signals_of(lead_id: str) -> list[SignalItem]:
    return base.query(SignalItem, keys.lead(lead_id), keys.SIGNALS)


def find_signal(lead_id: str, sort_key: str) -> SignalItem | None:
    return base.find(SignalItem, keys.lead(lead_id), sort_key)
