"""Takes an opt-out back within 30 minutes of the unsubscribe page, by the lead's own act on that page.

Only what that opt-out ended comes back, and only while nothing else has changed: a later opt-out, a complaint, a
bounce or a merge stands. The act is evidence of its own, with form and wording of the consent that it renews (ADR
0108).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activities_since, activity_item
from sodate.consent.consent import UNDO_LIFETIME, Evidence
from sodate.consent.retention import review_later
from sodate.consent.store import ConsentItem, consent_item, consents_of, lift_opt_out
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Invalid, Transient
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import load_state, no_opt_out_since, state_change

_TRIES = 5


@dataclass(frozen=True)
class Undo:
    """`renewed`: topic → the consent that the opt-out ended."""

    withdrawal: ConsentItem
    renewed: dict[str, ConsentItem]

    @property
    def began(self) -> datetime:
        return datetime.fromisoformat(self.withdrawal.at)

    @property
    def until(self) -> datetime:
        return self.began + UNDO_LIFETIME


def decide_undo(state: ContactState, evidence: Sequence[ConsentItem], now: datetime) -> Undo | None:
    """What the lead may take back now; None for nothing. `evidence` is in chronological order."""
    number = max((n for n, item in enumerate(evidence) if item.action == "withdrawn"), default=None)
    if number is None or state.blocked not in (None, Block.UNSUBSCRIBED):
        return None
    withdrawal = evidence[number]
    if withdrawal.method != "unsubscribe_page" or state.opted_out_at != withdrawal.at:
        return None
    last = {topic: item for item in evidence[:number] if item.action != "requested" for topic in item.topics}
    renewed = {
        topic: last[topic]
        for topic in withdrawal.topics
        if state.topics.get(topic) == "withdrawn" and topic in last and last[topic].action == "confirmed"
    }
    undo = Undo(withdrawal, renewed)
    return undo if renewed and now <= undo.until else None


def find_undo(lead_id: str, now: datetime) -> tuple[ContactState, list[ConsentItem], Undo | None]:
    """State and evidence of the lead, and what it may take back now.

    Nothing after a merge: the other lead may have refused as well, and its refusal is part of the state by then.
    Raises: `NotFound` for an erased lead.
    """
    state, evidence = load_state(lead_id), consents_of(lead_id)
    undo = decide_undo(state, evidence, now)
    if undo is not None:
        since = activities_since(lead_id, undo.began)
        undo = None if any(one.type == ActivityType.LEAD_MERGED for one in since) else undo
    return state, evidence, undo


def undo_opt_out(lead_id: str, withdrawal_key: str, retention: timedelta, now: datetime) -> tuple[str, ...]:
    """The topics that the lead gets again; a repeat gives the same ones and writes nothing.

    Raises: `Invalid` (`undo_expired`) when the opt-out stands; `NotFound` for an erased lead; `Transient` after five
    lost races.
    """
    for _ in range(_TRIES):
        state, evidence, undo = find_undo(lead_id, now)
        if undo is None or undo.withdrawal.sk != withdrawal_key:
            return _undone_before(state, evidence, withdrawal_key)
        try:
            table.commit(_writes(state, undo, retention, now))
        except ConditionFailed:
            continue  # a concurrent opt-out, block or undo: the next read sees it
        return tuple(undo.renewed)
    raise Transient(f"lead {lead_id} changes too fast; press the button again")


def _undone_before(state: ContactState, evidence: Sequence[ConsentItem], withdrawal_key: str) -> tuple[str, ...]:
    """Raises: `Invalid`."""
    undone = [
        item
        for item in evidence
        if item.method == "undo" and item.sk.endswith(activity_key("undo", withdrawal_key, item.reference or ""))
    ]
    topics = tuple(topic for item in undone for topic in item.topics)
    if not topics or any(state.topics.get(topic) != "confirmed" for topic in topics) or state.blocked is not None:
        raise Invalid("this opt-out can no longer be taken back", "undo_expired")
    return topics


def _writes(state: ContactState, undo: Undo, retention: timedelta, now: datetime) -> list[Write]:
    topics = tuple(undo.renewed)
    key = activity_key("preferences_changed", undo.withdrawal.sk)
    writes: list[Write] = [
        state_change(state, state.confirm(topics).unblock(), topics, no_opt_out_since(state)),
        Put.new(activity_item(Activity(state.lead_id, "preferences_changed", now, key, {}))),
        *(Put(_evidence(state.lead_id, undo, former, now)) for former in _former(undo)),
        # Evidence that was to end after the opt-out is needed again.
        review_later(state.lead_id, retention, now),
    ]
    return [*writes, lift_opt_out(state.address_key)] if state.blocked == Block.UNSUBSCRIBED else writes


def _former(undo: Undo) -> list[ConsentItem]:
    return list({item.sk: item for item in undo.renewed.values()}.values())


def _evidence(lead_id: str, undo: Undo, former: ConsentItem, now: datetime) -> ConsentItem:
    evidence = Evidence(
        lead_id=lead_id,
        at=now,
        action="confirmed",
        method="undo",
        topics=tuple(topic for topic, item in undo.renewed.items() if item.sk == former.sk),
        form_id=former.form_id,
        form_version=int(former.form_version) if former.form_version is not None else None,
        wording_digest=former.wording_digest,
        reference=former.sk,
    )
    return consent_item(evidence, activity_key("undo", undo.withdrawal.sk, former.sk))
