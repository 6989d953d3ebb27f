"""Probe items."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import Delete
from sodate.email.ledger.states import RANK


class ProbeItem(TableItem, discriminator="probe"):
    """Has the key and the states of a send, but another kind, so that the table's stream ignores it."""

    state = UnicodeAttribute()
    rank = NumberAttribute()
    settled_at = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)


def begin_probe(lead_id: str, send_id: str, until: datetime) -> None:
    item = ProbeItem(keys.lead(lead_id), keys.send(send_id), state="sending", rank=RANK["sending"])
    item.ttl = int(until.timestamp())
    table.put_new(item)


def probe_state(lead_id: str, send_id: str) -> str | None:
    item = table.find(ProbeItem, keys.lead(lead_id), keys.send(send_id))
    return str(item.state) if item else None


def remove_probe(lead_id: str, send_id: str) -> None:
    table.commit([Delete(ProbeItem(keys.lead(lead_id), keys.send(send_id)))])
