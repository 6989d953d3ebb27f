"""Where the person of a merged lead is reached now. What they decide holds for both leads."""

from sodate.leads.store import find_state, owner_of


def lead_that_stays(lead_id: str) -> str | None:
    """The lead into which this one was merged: a merge gives it the address. None for a lead that is not merged."""
    state = find_state(lead_id)
    owner = owner_of(state.address_key) if state is not None and state.address_key else None
    return owner if owner != lead_id else None
