"""Keeps a write about a lead out of its erasure."""

from sodate.dynamodb.table import Update
from sodate.leads.contact_state import Block
from sodate.leads.store import StateItem, state_key


def still_exists(lead_id: str) -> Update:
    """For a transaction: it fails when the lead was erased. It changes nothing.

    An erasure removes STATE last and looks again afterwards, so it finds what such a transaction wrote before.
    """
    same = StateItem.language.set(StateItem.language)
    return Update(state_key(lead_id), [same], StateItem.address_key.exists())


def stays_itself(lead_id: str) -> Update:
    """As `still_exists`; it fails for a lead that was merged into another one too."""
    update, blocked = still_exists(lead_id), StateItem.blocked
    is_own = blocked.does_not_exist() | (blocked != str(Block.MERGED))
    return Update(update.item, update.actions, StateItem.address_key.exists() & is_own)
