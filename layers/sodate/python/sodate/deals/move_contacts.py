"""The deals of a lead that was merged into another one have that one as their contact, and get the former one back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sodate.deals import store
from sodate.deals.deal import Deal, DealChange, deal_of
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry, change_key, decide
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Conflict, Invalid, Transient
from sodate.leads.store import states_of
from sodate.messages import Message

_TRIES = 6
SOURCE = "merge"


@dataclass(frozen=True)
class Merge:
    """`joins` was merged into `stays`. `id`: the same two may be merged again after it was undone."""

    stays: str
    joins: str
    id: str


def move_contacts(merge: Merge, now: datetime) -> int:
    """How many deals have another contact now. A repeat with the same merge changes nothing.

    Raises: `Transient` when a deal changes too fast.
    """

    def moved(deal: Deal) -> DealEntry | None:
        role = _role(deal, merge.joins)
        if role is None:
            return None
        added = () if _role(deal, merge.stays) is not None else ((merge.stays, role),)
        return _entry(merge.id, added, (merge.joins,))

    return sum(_change(deal_id, moved, now) for deal_id in store.deal_ids_of_lead(merge.joins))


def give_contacts_back(merge: Merge, others: Sequence[Merge], now: datetime) -> int:
    """What `move_contacts` did. A contact that was taken off a deal since the merge stays off it.

    `others`: merges into the same lead that are not undone; of their deals it stays the contact.

    Raises: `Transient`.
    """

    def restored(deal: Deal) -> DealEntry | None:
        if _moved_by(deal, merge) is None or _role(deal, merge.stays) is None:
            return None
        back, undo = (merge.joins, _role_before(deal, merge)), f"undo:{merge.id}"
        if _is_own_contact(deal, merge.stays):
            return _entry(undo, (back,), ())
        role = next((_role_before(deal, one) for one in others if _moved_by(deal, one) is not None), None)
        if role is None:
            return _entry(undo, (back,), (merge.stays,))
        return _entry(undo, (back, (merge.stays, role)), ())

    return sum(_change(deal_id, restored, now) for deal_id in store.deal_ids_of_lead(merge.joins))


def _change(deal_id: str, entry_of: Callable[[Deal], DealEntry | None], now: datetime) -> bool:
    for _ in range(_TRIES):
        before = store.snapshot(deal_id)
        entry = entry_of(before.deal) if before.deal is not None else None
        if entry is None:
            return False
        try:
            plan = decide(before.deal, deal_id, entry, Deals(), now)
        except (Conflict, Invalid):
            return False  # it has as many changes, or contacts, as a deal may have
        if plan.change is None:
            return False
        try:
            table.commit(store.plan_writes(plan, before, sorted(states_of(lead_id for lead_id, _ in entry.added))))
        except ConditionFailed:
            continue
        return True
    raise Transient(Message("deal {deal} changes too fast; run the same command again", deal=deal_id))


def _entry(statement: str, added: tuple[tuple[str, str], ...], removed: tuple[str, ...]) -> DealEntry:
    return DealEntry((SOURCE, statement), SOURCE, id=statement, added=added, removed=removed)


def _moved_by(deal: Deal, merge: Merge) -> DealChange | None:
    key = change_key((SOURCE, merge.id), merge.id)
    return next((change for change in deal.history if change.key == key), None)


def _is_own_contact(deal: Deal, lead_id: str) -> bool:
    """Whether it would be a contact without any merge."""
    without = deal_of(deal.id, [change for change in deal.history if change.source != SOURCE])
    return without is not None and _role(without, lead_id) is not None


def _role_before(deal: Deal, merge: Merge) -> str:
    """Of the merged lead, when the merge moved its place; empty without a role."""
    index = next(index for index, change in enumerate(deal.history) if change == _moved_by(deal, merge))
    before = deal_of(deal.id, deal.history[:index])
    return (before and _role(before, merge.joins)) or ""


def _role(deal: Deal, lead_id: str) -> str | None:
    """None for a lead that is no contact."""
    return next((contact.role for contact in deal.contacts if contact.lead_id == lead_id), None)
