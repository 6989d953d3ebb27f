"""The deals of a lead that was merged into another one have that one as their contact, and get the former one back."""

from collections.abc import Callable
from datetime import datetime

from sodate.deals import store
from sodate.deals.deal import Deal, DealChange, deal_of
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry, change_key, decide
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Conflict, Transient
from sodate.leads.store import states_of

_TRIES = 6
SOURCE = "merge"


def move_contacts(stays: str, joins: str, merge_id: str, now: datetime) -> int:
    """How many deals have another contact now. A repeat with the same `merge_id` changes nothing.

    Raises: `Transient` when a deal changes too fast.
    """

    def moved(deal: Deal) -> DealEntry | None:
        role = _role(deal, joins)
        if role is None:
            return None
        added = () if _role(deal, stays) is not None else ((stays, role),)
        return _entry(merge_id, added, (joins,))

    return sum(_change(deal_id, moved, now) for deal_id in store.deal_ids_of_lead(joins))


def give_contacts_back(stays: str, joins: str, merge_id: str, now: datetime) -> int:
    """What `move_contacts` did. A contact that was taken off a deal since the merge stays off it.

    Raises: `Transient`.
    """

    def restored(deal: Deal) -> DealEntry | None:
        before, change = _moved_by(deal, merge_id)
        if change is None or _role(deal, stays) is None:
            return None
        removed = tuple(lead_id for lead_id, _ in change.added)
        return _entry(f"undo:{merge_id}", ((joins, (before and _role(before, joins)) or ""),), removed)

    return sum(_change(deal_id, restored, now) for deal_id in store.deal_ids_of_lead(joins))


def _change(deal_id: str, entry_of: Callable[[Deal], DealEntry | None], now: datetime) -> bool:
    for _ in range(_TRIES):
        before = store.snapshot(deal_id)
        entry = entry_of(before.deal) if before.deal is not None else None
        if entry is None:
            return False
        try:
            plan = decide(before.deal, deal_id, entry, Deals(), now)
        except Conflict:
            return False  # it has as many changes as a deal may have
        if plan.change is None:
            return False
        try:
            table.commit(store.plan_writes(plan, before, sorted(states_of(lead_id for lead_id, _ in entry.added))))
        except ConditionFailed:
            continue
        return True
    raise Transient(f"deal {deal_id} changes too fast; run the same command again")


def _entry(statement: str, added: tuple[tuple[str, str], ...], removed: tuple[str, ...]) -> DealEntry:
    return DealEntry((SOURCE, statement), SOURCE, id=statement, added=added, removed=removed)


def _moved_by(deal: Deal, merge_id: str) -> tuple[Deal | None, DealChange | None]:
    """The deal before the change of this merge, and the change."""
    key = change_key((SOURCE, merge_id), merge_id)
    for index, change in enumerate(deal.history):
        if change.key == key:
            return deal_of(deal.id, deal.history[:index]), change
    return None, None


def _role(deal: Deal, lead_id: str) -> str | None:
    """None for a lead that is no contact."""
    return next((contact.role for contact in deal.contacts if contact.lead_id == lead_id), None)
