"""Consent, opt-out and activities of a row. An opt-out, block or withdrawal overrides any imported list. Pure.

Law: 特定電子メール法 3条 (prior opt-in with evidence); a list that only states "they agreed" is no evidence.
"""

from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.consent.consent import Evidence, wording_digest
from sodate.dynamodb import keys
from sodate.imports.row import Row
from sodate.leads.contact_state import ContactState


@dataclass(frozen=True)
class RowEvidence:
    """Evidence with the key that makes it the same item when the row is applied again."""

    evidence: Evidence
    key: str


def imported_consent(
    row: Row, state: ContactState, source: str, import_id: str
) -> tuple[ContactState, RowEvidence | None]:
    """Return the new state and its evidence. An imported consent starts no sequence: it was given long ago."""
    consent = row.consent
    if consent is None or state.blocked is not None:
        return state, None
    topics = tuple(topic for topic in consent.topics if state.topics.get(topic) in (None, "pending"))
    if not topics:
        return state, None
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
    return state.confirm(topics), RowEvidence(evidence, activity_key("import", source, *topics))


def imported_opt_out(row: Row, lead_id: str, import_id: str, now: datetime) -> RowEvidence:
    """Opt-out of a new lead or one without address. Other leads are unsubscribed by `consent.unsubscribe`."""
    evidence = Evidence(lead_id, now, "withdrawn", "import", (), reference=f"{import_id}:{row.line}")
    return RowEvidence(evidence, row.digest[:16])


def imported_activities(row: Row, lead_id: str, source: str) -> tuple[Activity, ...]:
    """Equal activities have equal keys, so that they are logged once."""
    return tuple(
        Activity(lead_id, kind, at, activity_key("import", source, kind, keys.stamp(at)), {"source": source})
        for kind, at in dict.fromkeys(row.activities)
    )


def put_into_segments(row: Row, lead_id: str, import_id: str, now: datetime) -> tuple[Activity, ...]:
    """As `sodate segment add` logs it; of a row that was applied already, nothing is written again."""
    type_ = ActivityType.SEGMENT_ADDED.value
    return tuple(
        Activity(
            lead_id, type_, now, activity_key("import", import_id, segment), {"segment": segment, "reason": "import"}
        )
        for segment in row.segments
    )
