"""Where the person of a merged lead is reached now. What they decide holds for both leads."""

from sodate.leads.contact_state import ContactState
from sodate.leads.store import owner_of


def lead_that_stays(state: ContactState | None) -> str | None:
    """The lead into which this one was merged: a merge gives it the address.

    None for a lead that is not merged, or does not exist.

    A merged lead is always blocked, so that nothing is read for a lead that is not.
    """
    if state is None or state.blocked is None or not state.address_key:
        return None
    owner = owner_of(state.address_key)
    return owner if owner != state.lead_id else None
