"""Whose call it is. Pure."""

from collections.abc import Callable

from sodate.leads.lead import Profile
from sodate.sales.definition import Owner, Sales
from sodate.signals.store import SignalItem


def call_owner(profile: Profile, signal: SignalItem | None, sales: Sales, is_away: Callable[[Owner], bool]) -> Owner:
    """The lead's owner; without one, or while they are away, whom the signal of the call was assigned to.

    Before its assignment, and for an owner that the playbook no longer has, the default owner.
    """
    owner = sales.owner(profile.owner)
    assigned = signal.assigned_to if signal is not None else None
    return owner if profile.owner == owner.id and not is_away(owner) else sales.owner(assigned or profile.owner)
