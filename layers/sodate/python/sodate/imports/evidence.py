"""Consent, opt-out and activity items of a row. An opt-out, block or withdrawal overrides any imported list.

Law: 特定電子メール法 3条 (prior opt-in with evidence); a list that only states "they agreed" is no evidence.
"""

from dataclasses import replace
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import UNSUBSCRIBED, Evidence, wording_digest
from sodate.consent.store import consent_item, suppression_item
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.transaction import Put, Write
from sodate.imports.row import Row
from sodate.leads.lead import State


def consented(row: Row, state: State, source: str, import_id: str) -> tuple[State, list[Write]]:
    """Return the new state and its evidence. An imported consent starts no sequence: it was given long ago."""
    consent = row.consent
    if consent is None or state.blocked is not None:
        return state, []
    topics = tuple(topic for topic in consent.topics if state.topics.get(topic) in (None, "pending"))
    if not topics:
        return state, []
    evidence = Evidence(
        state.lead_id,
        consent.at,
        "confirmed",
        "import",
        topics,
        wording_digest=wording_digest(consent.wording),
        reference=f"{import_id}:{row.line}",
        note=f"method: {consent.method}; where: {consent.where}; wording: {consent.wording[:300]}",
    )
    item = consent_item(evidence, activity_key("import", source, *topics))
    return replace(state, topics={**state.topics, **dict.fromkeys(topics, "confirmed")}), [Put(item)]


def opted_out(row: Row, state: State, is_suppressed: bool, import_id: str, now: datetime) -> list[Write]:
    """Opt-out of a new lead or one without address. Other leads are unsubscribed by `consent.unsubscribe`."""
    evidence = Evidence(state.lead_id, now, "withdrawn", "import", (), reference=f"{import_id}:{row.line}")
    writes: list[Write] = [Put(consent_item(evidence, row.digest[:16]))]
    if state.address_key and not is_suppressed:
        writes.append(transaction.put_new(suppression_item(state.address_key, UNSUBSCRIBED, now)))
    return writes


def logged(row: Row, lead_id: str, source: str) -> list[Write]:
    """Activities of the row. Equal activities have equal keys, so the writes need no condition."""
    return [
        Put(activity_item(Activity(lead_id, kind, at, key, {"source": source})))
        for kind, at in dict.fromkeys(row.activities)
        for key in [activity_key("import", source, kind, keys.stamp(at))]
    ]
