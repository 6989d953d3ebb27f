"""Probe items, and test sends of templates."""

from dataclasses import dataclass
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


class TemplateTestItem(TableItem, discriminator="templatetest"):
    version = NumberAttribute()
    sent_by = UnicodeAttribute()
    accepted = NumberAttribute()


@dataclass(frozen=True)
class TemplateTestDone:
    """`accepted`: emails that SES accepted. `at`: a `keys.stamp`."""

    version: int
    sent_by: str
    accepted: int
    at: str


def begin_probe(lead_id: str, send_id: str, until: datetime) -> None:
    item = ProbeItem(keys.lead(lead_id), keys.send(send_id), state="sending", rank=RANK["sending"])
    item.ttl = int(until.timestamp())
    table.put_new(item)


def probe_state(lead_id: str, send_id: str) -> str | None:
    item = table.find(ProbeItem, keys.lead(lead_id), keys.send(send_id))
    return str(item.state) if item else None


def remove_probe(lead_id: str, send_id: str) -> None:
    table.commit([Delete(ProbeItem(keys.lead(lead_id), keys.send(send_id)))])


def put_template_test(template: str, version: int, sent_by: str, accepted: int, now: datetime) -> None:
    pk, sk = keys.template(template), keys.test_send(now)
    table.put(TemplateTestItem(pk, sk, version=version, sent_by=sent_by, accepted=accepted))


def template_tests(template: str, latest: int = 5) -> list[TemplateTestDone]:
    """The latest test sends, newest first."""
    items = table.query(TemplateTestItem, keys.template(template), keys.TESTS, limit=latest, newest_first=True)
    return [TemplateTestDone(int(i.version), i.sent_by, int(i.accepted), i.sk.removeprefix(keys.TESTS)) for i in items]
