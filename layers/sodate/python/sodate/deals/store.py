"""DEAL# items: the history of a deal, how it stands today, who owns an external id, and the lists of deals."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from sodate.activities.store import activity_item
from sodate.deals.deal import Deal, DealChange, DealStatus, StageValue, deal_of
from sodate.deals.entry import DealPlan
from sodate.dynamodb import company_keys, keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Write
from sodate.errors import Invalid, NotFound
from sodate.leads.existence import still_exists
from sodate.messages import Message
from sodate.money import Money


class DealItem(TableItem, discriminator="deal"):
    """How the deal stands, for lists. `version`: the number of its changes."""

    stage = UnicodeAttribute()
    status = UnicodeAttribute()
    amount = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    company_id = UnicodeAttribute(null=True)
    expected_close = UnicodeAttribute(null=True)
    opened = UnicodeAttribute()
    closed = UnicodeAttribute(null=True)
    version = NumberAttribute()


class DealChangeItem(TableItem, discriminator="dealchange"):
    """One `DealChange`. Written once, never changed."""

    key = UnicodeAttribute()
    effective_at = UnicodeAttribute()
    recorded_at = UnicodeAttribute()
    source = UnicodeAttribute()
    stage: MapAttribute[str, Any] = MapAttribute(null=True)
    amount = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    expected_close = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    company_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    added: MapAttribute[str, Any] = MapAttribute(null=True)
    removed: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    by = UnicodeAttribute(null=True)


class DealReferenceItem(TableItem, discriminator="dealreference"):
    """Whose external id this is: the first conditional put decides."""

    deal_id = UnicodeAttribute()


class LeadDealItem(TableItem, discriminator="leaddeal"):
    """In the partition of the lead: a deal in which it is or was a contact."""

    since = UnicodeAttribute()


class ListedDealItem(TableItem, discriminator="listeddeal"):
    """A place on a list: of the open deals, of the deals of a month, or of a company's."""

    at = UnicodeAttribute()


@dataclass(frozen=True)
class DealSnapshot:
    """A deal as it was read. `version` 0: there is none."""

    deal: Deal | None = None
    version: int = 0


def find_deal_id(source: str, external_id: str) -> str | None:
    item = table.find(DealReferenceItem, company_keys.deal_reference(source, external_id), keys.OWNER)
    return item.deal_id if item else None


def snapshot(deal_id: str) -> DealSnapshot:
    """Strongly consistent. Raises: `Invalid` for a stored change that cannot be read."""
    changes = table.query(DealChangeItem, company_keys.deal(deal_id), company_keys.CHANGES)
    try:
        return DealSnapshot(deal_of(deal_id, [_to_change(item) for item in changes]), len(changes))
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            Message("deal {deal} has a change that cannot be read: {error}", deal=deal_id, error=repr(error)), "item"
        ) from error


def change_items(deal_id: str) -> list[DealChangeItem]:
    return table.query(DealChangeItem, company_keys.deal(deal_id), company_keys.CHANGES)


def without_reason(item: DealChangeItem) -> None:
    """The only change of a change that there is: an erased lead was a contact of the deal."""
    handle = DealChangeItem(item.pk, item.sk)
    with suppress(ConditionFailed):
        table.update(handle, [DealChangeItem.reason.remove()], DealChangeItem.key.exists())


def load_deal(deal_id: str) -> Deal:
    """Raises: `NotFound`."""
    deal = snapshot(deal_id).deal
    if deal is None:
        raise NotFound(Message("there is no deal {deal}; `sodate deal list` shows them", deal=deal_id[:80]))
    return deal


def deal_ids_of_lead(lead_id: str) -> list[str]:
    """Of every deal in which the lead is or was a contact."""
    items = table.query(LeadDealItem, keys.lead(lead_id), company_keys.DEALS)
    return [company_keys.deal_id_of(item.sk) for item in items]


def every_deal_of(lead_id: str) -> list[Deal]:
    """Deals in which the lead is or was a contact, in order of their opening."""
    return sorted(map(load_deal, deal_ids_of_lead(lead_id)), key=lambda deal: (deal.opened_at, deal.id))


def deals_of_lead(lead_id: str) -> list[Deal]:
    """Deals in which the lead is a contact now, in order of their opening."""
    return [deal for deal in every_deal_of(lead_id) if lead_id in deal.lead_ids]


def deal_ids_of_company(company_ids: Iterable[str]) -> list[str]:
    ids = [
        company_keys.deal_id_of(item.sk)
        for company_id in company_ids
        for item in table.query(ListedDealItem, company_keys.company(company_id), company_keys.DEALS)
    ]
    return list(dict.fromkeys(ids))


def open_deal_ids() -> list[str]:
    return [company_keys.deal_id_of(item.sk) for item in table.query(ListedDealItem, company_keys.OPEN_DEALS)]


def deal_ids_of_month(month: datetime) -> list[str]:
    """Deals with a change that is effective in this month (UTC), whenever it was recorded."""
    return [company_keys.deal_id_of(item.sk) for item in table.query(ListedDealItem, company_keys.deal_month(month))]


def plan_writes(plan: DealPlan, before: DealSnapshot, living: Sequence[str]) -> list[Write]:
    """The writes of one change, for one transaction.

    `living`: leads that exist, among those that the change adds and those that get an activity. The writes fail when
    the deal changed since it was read, or one of these leads was erased.
    """
    if plan.change is None:
        return []
    deal, pk, at = plan.after, company_keys.deal(plan.after.id), keys.stamp(plan.change.recorded_at)
    sk = company_keys.deal_id_of(pk)
    unchanged = DealItem.version == before.version if before.version else DealItem.pk.does_not_exist()
    named = company_keys.deal(sk)
    writes: list[Write] = [
        Put(_item(deal, before.version + 1), unchanged),
        Put.new(_change_item(deal.id, plan.change)),
        Put(ListedDealItem(company_keys.deal_month(plan.change.effective_at), named, at=at)),
        _listed_while_open(deal, at),
    ]
    if plan.change.company is not None:
        writes.append(Put(ListedDealItem(company_keys.company(plan.change.company), named, at=at)))
    writes += map(still_exists, dict.fromkeys(living))
    new = {lead_id for lead_id, _ in plan.change.added} & set(living)
    writes += [Put(LeadDealItem(keys.lead(lead_id), named, since=at)) for lead_id in sorted(new)]
    return [*writes, *(Put(activity_item(one)) for one in plan.activities if one.lead_id in living)]


def take_reference(source: str, external_id: str, deal_id: str) -> Put:
    """Fails when another deal has the external id."""
    return Put.new(DealReferenceItem(company_keys.deal_reference(source, external_id), keys.OWNER, deal_id=deal_id))


def _listed_while_open(deal: Deal, at: str) -> Write:
    item = ListedDealItem(company_keys.OPEN_DEALS, company_keys.deal(deal.id), at=at)
    return Put(item) if deal.status is DealStatus.OPEN else Delete(item)


def _item(deal: Deal, version: int) -> DealItem:
    return DealItem(
        company_keys.deal(deal.id),
        company_keys.DEAL,
        stage=deal.stage,
        status=deal.status.value,
        amount=deal.amount,
        currency=deal.currency,
        owner=deal.owner,
        company_id=deal.company,
        expected_close=str(deal.expected_close) if deal.expected_close else None,
        opened=keys.stamp(deal.opened_at),
        closed=keys.stamp(deal.closed_at) if deal.closed_at else None,
        version=version,
    )


def _change_item(deal_id: str, change: DealChange) -> DealChangeItem:
    stage, money = change.stage, change.money
    return DealChangeItem(
        company_keys.deal(deal_id),
        company_keys.deal_change(change.recorded_at, change.key),
        key=change.key,
        effective_at=keys.stamp(change.effective_at),
        recorded_at=keys.stamp(change.recorded_at),
        source=change.source,
        stage={"id": stage.id, "status": stage.status.value, "percent": stage.forecast_percent} if stage else None,
        amount=money.amount if money is not None else None,
        currency=money.currency if money is not None else None,
        expected_close=str(change.expected_close) if change.expected_close else None,
        owner=change.owner,
        company_id=change.company,
        reason=change.reason,
        added=dict(change.added) or None,
        removed=list(change.removed) or None,
        by=change.by,
    )


def _to_change(item: DealChangeItem) -> DealChange:
    stage = item.stage.as_dict() if item.stage else None
    return DealChange(
        key=item.key,
        effective_at=datetime.fromisoformat(item.effective_at),
        recorded_at=datetime.fromisoformat(item.recorded_at),
        source=item.source,
        stage=StageValue(stage["id"], DealStatus(stage["status"]), int(stage["percent"])) if stage else None,
        money=Money(item.currency, int(item.amount)) if item.amount is not None and item.currency else None,
        expected_close=date.fromisoformat(item.expected_close) if item.expected_close else None,
        owner=item.owner,
        company=item.company_id,
        reason=item.reason,
        added=tuple(sorted(item.added.as_dict().items())) if item.added else (),
        removed=tuple(item.removed or ()),
        by=item.by,
    )
