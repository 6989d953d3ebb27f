"""Lists of unknown and failed sends, by month. Only the ledger decides whether a listed send is still open."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem

#: How long an entry is kept.
LISTED = timedelta(days=400)


class UnknownItem(TableItem, discriminator="unknown"):
    """List entry under the month in which the send became unknown."""

    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def unknown_item(lead_id: str, send_id: str, now: datetime) -> UnknownItem:
    until = int((now + LISTED).timestamp())
    at = keys.stamp(now)
    return UnknownItem(keys.unknown_sends(now), keys.send(send_id), lead_id=lead_id, at=at, ttl=until)


def listed_unknown(month: datetime) -> list[tuple[str, str]]:
    """(lead id, send id) of every entry of the month."""
    listed = table.query(UnknownItem, keys.unknown_sends(month), keys.SENDS)
    return [(item.lead_id, item.sk.removeprefix(keys.SENDS)) for item in listed]


class FailedItem(TableItem, discriminator="failed"):
    """List entry under the month of the failure. Only the ledger decides whether the send is still failed."""

    lead_id = UnicodeAttribute()
    at = UnicodeAttribute()


def failed_item(lead_id: str, send_id: str, now: datetime) -> FailedItem:
    """The list entry, for a bulk write together with the ledger items."""
    until = int((now + LISTED).timestamp())
    return FailedItem(keys.failed_sends(now), keys.send(send_id), lead_id=lead_id, at=keys.stamp(now), ttl=until)


def listed_failed(month: datetime) -> list[tuple[str, str]]:
    """(lead id, send id) of every entry of the month."""
    listed = table.query(FailedItem, keys.failed_sends(month), keys.SENDS)
    return [(item.lead_id, item.sk.removeprefix(keys.SENDS)) for item in listed]
