"""Items of campaigns: members, imported ad costs, conversions for ad platforms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zlib import crc32

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from sodate.campaigns.ad_cost import AdCostRecord
from sodate.campaigns.conversion import Conversion, ConversionState, Platform
from sodate.campaigns.member import Membership, MemberStatus
from sodate.dynamodb import campaign_keys, table
from sodate.dynamodb.item import TableItem, encode, values
from sodate.dynamodb.table import ConditionFailed
from sodate.money import Money

#: Partitions of a campaign's list of members.
SHARDS = 4
#: Settled conversions stay so long: a repeat of their activity must find them.
CONVERSION_KEPT = timedelta(days=180)


class CampaignMemberItem(TableItem, discriminator="campaignmember"):
    """See `member.Membership`."""

    status = UnicodeAttribute()
    since = NumberAttribute()
    converted = UnicodeAttribute(null=True)


class AdCostItem(TableItem, discriminator="adcost"):
    """Written once: a correction is a further item. See `ad_cost.AdCostRecord`."""

    day = UnicodeAttribute()
    campaign = UnicodeAttribute()
    ad_group = UnicodeAttribute()
    keyword = UnicodeAttribute()
    impressions = NumberAttribute()
    clicks = NumberAttribute()
    cost_micros = NumberAttribute()
    currency = UnicodeAttribute()
    recorded_at = UnicodeAttribute()


@dataclass(frozen=True)
class CampaignMember:
    lead_id: str
    membership: Membership


# -- members -----------------------------------------------------------------------------------------------------------


def memberships(lead_id: str, campaigns: Iterable[str]) -> dict[str, Membership]:
    """Of one lead, by campaign; strongly consistent."""
    by_key = {(_list_of(campaign, lead_id), lead_id): campaign for campaign in campaigns}
    rows = table.get_many(by_key, consistent=True)
    return {by_key[key]: _membership(values(CampaignMemberItem, row)) for key, row in rows.items()}


def put_membership(campaign: str, lead_id: str, membership: Membership) -> None:
    table.put(
        CampaignMemberItem(
            _list_of(campaign, lead_id),
            lead_id,
            status=membership.status.value,
            since=membership.since,
            converted=membership.converted or None,
        )
    )


def remove_member(campaign: str, lead_id: str) -> None:
    table.commit([table.Delete(CampaignMemberItem(_list_of(campaign, lead_id), lead_id))])


def members_of(campaign: str) -> Iterator[CampaignMember]:
    """Every one that ever was a member, page by page, eventually consistent."""
    for shard in range(SHARDS):
        after: str | None = None
        while True:
            rows, after = table.page(campaign_keys.campaign_members(campaign, shard), after, 500)
            for item in (values(CampaignMemberItem, row) for row in rows):
                yield CampaignMember(item["sk"], _membership(item))
            if after is None:
                break


def _list_of(campaign: str, lead_id: str) -> str:
    return campaign_keys.campaign_members(campaign, crc32(lead_id.encode()) % SHARDS)


def _membership(item: dict[str, object]) -> Membership:
    return Membership(MemberStatus(str(item["status"])), int(str(item["since"])), str(item.get("converted") or ""))


# -- ad costs ----------------------------------------------------------------------------------------------------------


def ad_costs(platform: str, first: date, last: date) -> Iterator[AdCostRecord]:
    """Every record of these days, corrected ones included. Raises: `ValueError` for an item that cannot be read."""
    month = first.replace(day=1)
    while month <= last:
        for item in table.query(AdCostItem, campaign_keys.ad_costs(platform, month)):
            record = _to_record(platform, item)
            if first <= record.day <= last:
                yield record
        month = (month + timedelta(days=32)).replace(day=1)


def put_ad_costs(records: Iterable[AdCostRecord]) -> None:
    """Idempotent: the key has the time of recording. Raises: `Transient`."""
    table.put_many([encode(_to_item(record)) for record in records])


def _to_item(record: AdCostRecord) -> AdCostItem:
    return AdCostItem(
        campaign_keys.ad_costs(record.platform, record.day),
        campaign_keys.ad_cost(record.day, record.row_key, record.recorded_at),
        day=record.day.isoformat(),
        campaign=record.campaign,
        ad_group=record.ad_group,
        keyword=record.keyword,
        impressions=record.impressions,
        clicks=record.clicks,
        cost_micros=record.cost_micros,
        currency=record.currency,
        recorded_at=record.recorded_at.isoformat(),
    )


def _to_record(platform: str, item: AdCostItem) -> AdCostRecord:
    return AdCostRecord(
        platform,
        date.fromisoformat(item.day),
        item.campaign,
        item.ad_group,
        item.keyword,
        int(item.impressions),
        int(item.clicks),
        int(item.cost_micros),
        item.currency,
        datetime.fromisoformat(item.recorded_at),
    )


# -- conversions for ad platforms --------------------------------------------------------------------------------------


class ConversionItem(TableItem, discriminator="conversion"):
    """See `conversion.Conversion`. `amount`: in the smallest unit."""

    lead_id = UnicodeAttribute()
    key = UnicodeAttribute()
    name = UnicodeAttribute()
    at = UnicodeAttribute()
    amount = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    batch = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)


def put_pending(conversion: Conversion) -> None:
    """Raises: `ConditionFailed` when it is in the queue already."""
    item = _conversion_key(conversion)
    item.lead_id, item.key, item.name = conversion.lead_id, conversion.key, conversion.name
    item.at, item.state, item.attempts = conversion.at.isoformat(), ConversionState.PENDING.value, 0
    if conversion.money is not None:
        item.amount, item.currency = conversion.money.amount, conversion.money.currency
    item.ttl = int((conversion.at + CONVERSION_KEPT).timestamp())
    table.put_new(item)


def conversions_of(platform: Platform) -> Iterator[Conversion]:
    """The whole queue, settled ones included, oldest first."""
    for item in table.query(ConversionItem, campaign_keys.conversions(platform)):
        money = Money(item.currency, int(item.amount)) if item.amount is not None and item.currency else None
        at, state = datetime.fromisoformat(item.at), ConversionState(item.state)
        yield Conversion(
            platform, item.key, item.lead_id, item.name, at, money, state, item.batch or "", int(item.attempts)
        )


def settle_conversion(conversion: Conversion, state: ConversionState, reason: str, batch: str = "") -> bool:
    """False: somebody else settled it. `state` may be `pending` again, for another attempt."""
    actions = [
        ConversionItem.state.set(state.value),
        ConversionItem.reason.set(reason),
        ConversionItem.attempts.set(ConversionItem.attempts + 1),
    ]
    if batch:
        actions.append(ConversionItem.batch.set(batch))
    unchanged = (ConversionItem.state == ConversionState.PENDING.value) & (
        ConversionItem.attempts == conversion.attempts
    )
    try:
        table.update(_conversion_key(conversion), actions, unchanged)
    except ConditionFailed:
        return False
    return True


def _conversion_key(conversion: Conversion) -> ConversionItem:
    key = campaign_keys.conversion(conversion.at, conversion.key)
    return ConversionItem(campaign_keys.conversions(conversion.platform), key)
