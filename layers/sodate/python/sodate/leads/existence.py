"""Keeps a write about a lead out of its erasure."""

from sodate.dynamodb.table import Update
from sodate.leads.store import StateItem, state_key


def still_exists(lead_id: str) -> Update:
    """For a transaction: it fails when the lead was erased. It changes nothing.

    An erasure removes STATE last and looks again afterwards, so it finds what such a transaction wrote before.
    """
    same = StateItem.language.set(StateItem.language)
    return Update(state_key(lead_id), [same], StateItem.address_key.exists())
