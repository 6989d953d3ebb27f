"""Stops all email to a lead and to its addresses, before anything of it is erased."""

from contextlib import suppress
from datetime import datetime, timedelta

from sodate.activities.activity import activity_key
from sodate.consent.consent import Evidence
from sodate.consent.store import consent_item, erased_suppression
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Transient
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import find_state, owner_of, state_change
from sodate.messages import Message
from sodate.privacy.mention import Subject

_TRIES = 5


def block_for_erasure(lead_id: str, retention: timedelta, now: datetime) -> None:
    """Block the lead, end its enrollments and withdraw its consents, in one transaction with the evidence.

    Raises: `Transient` when the lead changes too often.
    """
    for _ in range(_TRIES):
        state = find_state(lead_id)
        if state is None or state.blocked == Block.ERASED:
            return
        with suppress(ConditionFailed):
            table.commit(_block_writes(state, retention, now))
            return
    raise Transient(Message("lead {lead_id} changes too fast; run the same command again", lead_id=lead_id))


def _block_writes(state: ContactState, retention: timedelta, now: datetime) -> list[Write]:
    after = state.erase(keys.stamp(now))
    evidence = Evidence(state.lead_id, now, "withdrawn", "erasure", tuple(sorted(state.topics)))
    key = activity_key("erasure", state.lead_id)
    return [state_change(state, after), Put(consent_item(evidence, key, now + retention))]


def suppress_erased(subject: Subject, now: datetime) -> None:
    """An address that another lead owns by now belongs to somebody who came back: it stays as it is."""
    for address_key in subject.address_keys:
        if owner_of(address_key) not in (None, *subject.lead_ids):
            continue
        with suppress(ConditionFailed):  # a stronger reason stays, such as a complaint
            put = erased_suppression(address_key, now)
            table.put(put.item, put.condition)
