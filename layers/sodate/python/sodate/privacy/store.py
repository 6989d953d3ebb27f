"""Items of the room `privacy`: who looked at a lead, merged leads, and requests of leads about their own data."""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from sodate.dynamodb import keys, privacy_keys, table
from sodate.dynamodb.item import TableItem


class AccessItem(TableItem, discriminator="access"):
    """Somebody looked at the lead. `by`: IAM identity, user of the local machine, or owner of a link; never content."""

    at = UnicodeAttribute()
    by = UnicodeAttribute()
    command = UnicodeAttribute()


class RequestItem(TableItem, discriminator="privacyrequest"):
    """A lead asked for its own data or its erasure. `what`: `export` or `erase`. `confirmed`: by the mailed link."""

    lead_id = UnicodeAttribute()
    what = UnicodeAttribute()
    asked = UnicodeAttribute()
    confirmed = UnicodeAttribute(null=True)


class MergeItem(TableItem, discriminator="merge"):
    """Everything that undoes a merge. `before`: of both leads, what the merge changed (`privacy.merging`)."""

    at = UnicodeAttribute()
    because = UnicodeAttribute()
    before: JSONAttribute = JSONAttribute()


def access_item(lead_id: str, key: str, entry: dict[str, Any], at: datetime, until: datetime) -> AccessItem:
    item = AccessItem(keys.lead(lead_id), privacy_keys.access(at, key), at=keys.stamp(at), **entry)
    item.ttl = int(until.timestamp())
    return item


def accesses_of(lead_id: str) -> list[AccessItem]:
    """Oldest first."""
    return table.query(AccessItem, keys.lead(lead_id), privacy_keys.ACCESSES)
