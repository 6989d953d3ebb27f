"""CONSENT# evidence items, and the suppression list (keyed by HMAC of the address; it outlives an erasure)."""

from datetime import datetime
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from sodate.consent.consent import Evidence
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import Delete, Put, Update
from sodate.leads.contact_state import LIFTED_BY_OPERATOR, REMOVED_BY_OPT_IN, Block


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
    #: How often the request was repeated without another opt-in email, and the time of the last repeat.
    repeats = NumberAttribute(null=True)
    repeated_at = UnicodeAttribute(null=True)


class SuppressionItem(TableItem, discriminator="suppression"):
    reason = UnicodeAttribute()
    at = UnicodeAttribute()


def consent_item(evidence: Evidence, key: str, until: datetime | None = None) -> ConsentItem:
    """`until`: DynamoDB TTL; None for everything but a withdrawal."""
    return evidence_at(evidence, keys.consent(evidence.at, key), until)


def evidence_at(evidence: Evidence, sort_key: str, until: datetime | None = None) -> ConsentItem:
    return ConsentItem(
        keys.lead(evidence.lead_id),
        sort_key,
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
    return table.find(ConsentItem, keys.lead(lead_id), sort_key)


def consents_of(lead_id: str) -> list[ConsentItem]:
    """In chronological order."""
    return sorted(table.query(ConsentItem, keys.lead(lead_id), keys.CONSENTS), key=lambda item: item.at)


def requests_of(lead_id: str, form_id: str, version: int) -> list[ConsentItem]:
    """Oldest first. All but the last were confirmed, or an opt-out followed them."""
    return table.query(ConsentItem, keys.lead(lead_id), keys.consent_requests(form_id, version))


def confirm_request(request: ConsentItem, now: datetime) -> Update:
    """Fails when the request was confirmed before, or renewed since it was read. Its evidence is then kept."""
    actions = [ConsentItem.confirmed_at.set(keys.stamp(now)), ConsentItem.ttl.remove()]
    return Update(request, actions, ConsentItem.confirmed_at.does_not_exist() & (ConsentItem.at == request.at))


def keep_evidence(item: ConsentItem) -> Update:
    return Update(item, [ConsentItem.ttl.remove()], ConsentItem.action.exists())


def end_evidence(item: ConsentItem, until: datetime) -> Update:
    """Fails when the request was renewed since it was read."""
    return Update(item, [ConsentItem.ttl.set(int(until.timestamp()))], ConsentItem.at == item.at)


def minimal_evidence(item: ConsentItem, until: datetime) -> ConsentItem | None:
    """What of an evidence outlives an erasure: action, topics, times, form and digest of the wording; None for nothing.

    A request that was never confirmed proves nothing. Page and note could say who it was.
    """
    if item.action == "requested" and item.confirmed_at is None:
        return None
    item.page_url = item.note = None
    item.ttl = min(int(item.ttl or until.timestamp()), int(until.timestamp()))
    return item


def lift_opt_out(address_key: str) -> Delete:
    """Remove the suppression that an opt-out or erasure wrote; fails when it has another reason."""
    return Delete(SuppressionItem(keys.suppression(address_key), keys.ENTRY), _removed_by_opt_in())


def lift_bounce(address_key: str) -> Delete:
    """Remove the suppression that bounces wrote; fails when it has another reason."""
    is_of_bounces: Condition = SuppressionItem.reason.is_in(*map(str, LIFTED_BY_OPERATOR))
    return Delete(SuppressionItem(keys.suppression(address_key), keys.ENTRY), is_of_bounces)


def erased_suppression(address_key: str, now: datetime) -> Put:
    """Fails when the address is suppressed for a reason that no opt-in removes, such as a complaint."""
    is_weaker = SuppressionItem.pk.does_not_exist() | _removed_by_opt_in()
    return Put(suppression_item(address_key, Block.ERASED, now), is_weaker)


def _removed_by_opt_in() -> Condition:
    condition: Condition = SuppressionItem.reason.is_in(*map(str, REMOVED_BY_OPT_IN))
    return condition


def suppression_of(address_key: str) -> str | None:
    item = table.find(SuppressionItem, keys.suppression(address_key), keys.ENTRY)
    return item.reason if item else None


def suppression_item(address_key: str, reason: str, now: datetime) -> SuppressionItem:
    return SuppressionItem(keys.suppression(address_key), keys.ENTRY, reason=str(reason), at=keys.stamp(now))
