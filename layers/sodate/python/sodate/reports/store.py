"""One item per report, period and recipient: the claim that lets it leave once, and what became of it.

The key has a hash of the address, never the address: the playbook says who the recipients are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pynamodb.attributes import UnicodeAttribute

from sodate.activities.activity import activity_key
from sodate.dynamodb import report_keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed

_KEPT = timedelta(days=400)


class DeliveryState(StrEnum):
    SENDING = "sending"
    """Claimed. After a crash it stays so: perhaps it left, so it is not repeated."""
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    """Certainly not accepted: the next run tries again."""
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class ReportDeliveryItem(TableItem, discriminator="reportdelivery"):
    state = UnicodeAttribute()
    at = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Delivery:
    """`recipient`: hash of the address. `first_day`: of the period."""

    first_day: str
    recipient: str
    state: DeliveryState
    at: str
    reason: str | None


def recipient_key(address: str) -> str:
    return activity_key("report", address)


def claim(report_id: str, first_day: str, address: str, now: datetime) -> bool:
    """False when the email left, or may have left, already."""
    item = _item(report_id, first_day, address, DeliveryState.SENDING, now)
    is_free = ReportDeliveryItem.pk.does_not_exist() | (ReportDeliveryItem.state == DeliveryState.DEFERRED.value)
    try:
        table.put(item, is_free)
    except ConditionFailed:
        return False
    return True


def settle(
    report_id: str, first_day: str, address: str, outcome: tuple[DeliveryState, str | None], now: datetime
) -> None:
    """`outcome`: state and reason."""
    item = _item(report_id, first_day, address, outcome[0], now)
    item.reason = outcome[1]
    table.put(item)


def deliveries(report_id: str) -> list[Delivery]:
    """The latest period first."""
    found = [
        Delivery(
            report_keys.first_day_of(item.sk),
            report_keys.recipient_of(item.sk),
            DeliveryState(item.state),
            item.at,
            item.reason,
        )
        for item in table.query(ReportDeliveryItem, report_keys.report(report_id))
    ]
    return sorted(found, key=lambda one: (one.first_day, one.recipient), reverse=True)


def _item(report_id: str, first_day: str, address: str, state: DeliveryState, now: datetime) -> ReportDeliveryItem:
    return ReportDeliveryItem(
        report_keys.report(report_id),
        report_keys.delivery(first_day, recipient_key(address)),
        state=state.value,
        at=now.isoformat(timespec="seconds"),
        ttl=int((now + _KEPT).timestamp()),
    )
