"""CONSENT# evidence and the suppression list (by HMAC of the address; it outlives an erasure)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from sodate.consent.consent import Evidence
from sodate.leads.lead import State
from sodate.table import base, keys
from sodate.table.base import TableItem
from sodate.table.transaction import Update, Write

#: Of one person's evidence so many items fit into a transaction beside the rest.
_AT_ONCE = 80


class ConsentItem(TableItem, discriminator="consent"):
    action = UnicodeAttribute()
    method = UnicodeAttribute()
    topics: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)
    at = UnicodeAttribute()
    form_id = UnicodeAttribute(null=True)
    form_version = NumberAttribute(null=True)
    wording_digest = UnicodeAttribute(null=True)
    page_url = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    confirmed_at = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)


class SuppressionItem(TableItem, discriminator="suppression"):
    reason = UnicodeAttribute()
    at = UnicodeAttribute()


def consent_item(evidence: Evidence, key: str, until: datetime | None = None) -> ConsentItem:
    """`until`: purged by TTL from then on; only a withdrawal has an end."""
    return ConsentItem(
        keys.lead(evidence.lead_id),
        keys.consent(evidence.at, key),
        action=evidence.action,
        method=evidence.method,
        topics=list(evidence.topics),
        at=keys.stamp(evidence.at),
        form_id=evidence.form_id,
        form_version=evidence.form_version,
        wording_digest=evidence.wording_digest,
        page_url=evidence.page_url,
        reference=evidence.reference,
        note=evidence.note,
        ttl=int(until.timestamp()) if until else None,
    )


def find_consent(lead_id: str, sort_key: str) -> ConsentItem | None:
    return base.find(ConsentItem, keys.lead(lead_id), sort_key)


def consents_of(lead_id: str) -> list[ConsentItem]:
    return base.query(ConsentItem, keys.lead(lead_id), keys.CONSENTS)


def retire(state: State, evidence: Iterable[ConsentItem], ended: Iterable[str], until: datetime) -> list[Write]:
    """Evidence that stands for no topic any more ends at `until`; the rest has no end. `state` from before."""
    standing = {topic for topic, status in state.topics.items() if status != "withdrawn"} - set(ended)
    over = [item for item in evidence if item.ttl is None and standing.isdisjoint(item.topics)]
    return [_with_end(item, until) for item in over[-_AT_ONCE:]]


def _with_end(item: ConsentItem, until: datetime) -> Update:
    return Update(item, [ConsentItem.ttl.set(int(until.timestamp()))], ConsentItem.action.exists())


def keep(evidence: Sequence[ConsentItem], topics: Iterable[str]) -> list[Write]:
    """Somebody came back to what this evidence stands for: it has no end again."""
    wanted = set(topics)
    ended = [item for item in evidence if item.ttl is not None and item.action != "withdrawn"]
    again = [item for item in ended if not wanted.isdisjoint(item.topics)]
    return [Update(item, [ConsentItem.ttl.remove()], ConsentItem.action.exists()) for item in again[-_AT_ONCE:]]


def suppression_of(address_key: str) -> str | None:
    item = base.find(SuppressionItem, keys.suppression(address_key), keys.ENTRY)
    return item.reason if item else None


def suppression_item(address_key: str, reason: str, now: datetime) -> SuppressionItem:
    return SuppressionItem(keys.suppression(address_key), keys.ENTRY, reason=reason, at=keys.stamp(now))
