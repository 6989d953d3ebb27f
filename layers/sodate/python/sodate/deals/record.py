"""Records what a source says of a deal: once, in one transaction with the activities of its contacts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sodate.companies.store import company_of
from sodate.deals import store
from sodate.deals.deal import Deal
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry, DealPlan, decide
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Write
from sodate.errors import Conflict, NotFound, Transient
from sodate.leads.store import states_of
from sodate.leads.text import plain_id
from sodate.messages import Message

_TRIES = 6


class Outcome(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Recorded:
    deal: Deal
    outcome: Outcome


def record_deal(
    entry: DealEntry, deals: Deals, now: datetime, new_id: Callable[[], str], *, dry_run: bool = False
) -> Recorded:
    """Open or change the deal of `entry.reference`.

    Raises: `Invalid`, `Conflict` (as `decide`); `NotFound` for a contact that does not exist (any more); `Transient`
    after six concurrent changes.
    """
    source, external_id = entry.reference
    entry = replace(entry, reference=(source, plain_id(external_id)))
    for _ in range(_TRIES):
        plan, writes = planned(entry, deals, now, new_id)
        if plan.change is None:
            return Recorded(plan.after, Outcome.UNCHANGED)
        try:
            if not dry_run:
                table.commit(writes)
        except ConditionFailed:
            continue
        return Recorded(plan.after, Outcome.CHANGED if plan.before is not None else Outcome.OPENED)
    raise Transient(Message("this deal changes too fast; run the same command again"))


def planned(
    entry: DealEntry,
    deals: Deals,
    now: datetime,
    new_id: Callable[[], str],
    *,
    deal_id: str | None = None,
    logged: tuple[str, str] | None = None,
) -> tuple[DealPlan, list[Write]]:
    """The plan of an entry and its writes, for a transaction that has more to write.

    `deal_id`: the deal that is meant although its reference is new; the reference then leads to it, too. `logged`: lead
    id and type of an activity that the caller writes itself.

    Raises: `Invalid`, `Conflict`, `NotFound`, as `record_deal`.
    """
    known = store.find_deal_id(*entry.reference)
    chosen = known or deal_id or new_id()
    before = store.snapshot(chosen)
    if entry.company is None and (before.deal is None or before.deal.company is None):
        entry = replace(entry, company=_company_of_contacts(entry))
    plan = decide(before.deal, chosen, entry, deals, now)
    others = tuple(one for one in plan.activities if (one.lead_id, one.type) != logged)
    plan = replace(plan, activities=others)
    writes = store.plan_writes(plan, before, _living(plan))
    if known is None:
        writes.append(store.take_reference(*entry.reference, chosen))
    return plan, writes


def link_reference(deal_id: str, source: str, external_id: str) -> bool:
    """One more system's id leads to this deal. Returns whether it is new.

    Raises: `NotFound`; `Conflict` when the id leads to another deal.
    """
    store.load_deal(deal_id)
    external_id = plain_id(external_id)
    try:
        table.commit([store.take_reference(source, external_id, deal_id)])
    except ConditionFailed as error:
        owner = store.find_deal_id(source, external_id)
        if owner == deal_id:
            return False
        raise Conflict(
            Message(
                "{external}:{external_id} is the id of deal {deal} already; look at it with `sodate deal show {deal}`",
                external=source,
                external_id=external_id,
                deal=owner,
            )
        ) from error
    return True


def _company_of_contacts(entry: DealEntry) -> str | None:
    found = (company_of(lead_id) for lead_id, _ in entry.added)
    return next((company_id for company_id in found if company_id is not None), None)


def _living(plan: DealPlan) -> Sequence[str]:
    """Leads that the writes are about and that exist. An erased contact gets no activity; it cannot be added.

    Raises: `NotFound`.
    """
    if plan.change is None:
        return ()
    added = {lead_id for lead_id, _ in plan.change.added}
    living = states_of(added | {one.lead_id for one in plan.activities})
    for lead_id in sorted(added):
        if lead_id not in living:
            raise NotFound(
                Message(
                    "lead {lead_id} does not exist (any more), so it cannot be a contact; leave it out", lead_id=lead_id
                )
            )
    return sorted(living)
