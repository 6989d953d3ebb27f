"""Probes: emails with which `sodate doctor --send` proves that SES's reports reach the ledger.

A probe has the key of a send, under a lead id that no lead has, and the same fold updates it. It is `kind=probe`, so
no filter of the table's stream matches it: nothing is planned, scored or published because of it. `apply_event` applies
its events to this item only, so the daily rates of the guards do not count it.
"""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.dynamodb import base, keys, transaction
from sodate.dynamodb.base import TableItem
from sodate.dynamodb.transaction import Delete
from sodate.email.delivery.ledger import RANK

#: The tag `purpose` of a probe's email.
PURPOSE = "probe"
#: The TTL removes the probe of a process that crashed.
_KEPT = timedelta(days=1)


class ProbeItem(TableItem, discriminator="probe"):
    state = UnicodeAttribute()
    rank = NumberAttribute()
    settled_at = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)


def begin(lead_id: str, send_id: str, now: datetime) -> None:
    ttl = int((now + _KEPT).timestamp())
    base.put_new(ProbeItem(keys.lead(lead_id), keys.send(send_id), state="sending", rank=RANK["sending"], ttl=ttl))


def state_of(lead_id: str, send_id: str) -> str:
    """State of the probe; `gone` when it was removed."""
    item = base.find(ProbeItem, keys.lead(lead_id), keys.send(send_id))
    return str(item.state) if item else "gone"


def remove(lead_id: str, send_id: str) -> None:
    transaction.commit([Delete(ProbeItem(keys.lead(lead_id), keys.send(send_id)))])
