"""REPLY# items of a lead, and the list of what a person has to look at. No item but REPLYTEXT# has personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import keys, reply_keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Update
from sodate.replies.judgement import Judgement

#: Emails per lead and day that are recorded; a mail loop or a flood ends here.
RECORDED_PER_DAY = 50
#: Listed per day; whatever comes above it is counted and deleted.
LISTED_PER_DAY = 500
LISTED_FOR, _COUNTED_FOR = timedelta(days=90), timedelta(days=3)


class ReplyItem(TableItem, discriminator="reply"):
    """`object`: key of the raw email in the bucket, until its lifecycle ends or the lead is erased."""

    verdict = UnicodeAttribute()
    reason = UnicodeAttribute()
    match = UnicodeAttribute()
    at = UnicodeAttribute()
    object = UnicodeAttribute()
    flags: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    send = UnicodeAttribute(null=True)

    @property
    def key(self) -> str:
        return reply_keys.key_of_reply(self.sk)


class ReplyTextItem(TableItem, discriminator="replytext"):
    text = UnicodeAttribute()


class ReplyCountItem(TableItem, discriminator="replycount"):
    emails = NumberAttribute(default=0)


class ListedReplyItem(TableItem, discriminator="listedreply"):
    """`lead_id`: the lead that it seems to be of."""

    verdict = UnicodeAttribute()
    reason = UnicodeAttribute()
    at = UnicodeAttribute()
    object = UnicodeAttribute()
    flags: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    lead_id = UnicodeAttribute(null=True)


@dataclass(frozen=True)
class Arrival:
    """One email that came in. `key`: equal for every copy of it; `object`: of the raw email in the bucket."""

    key: str
    object: str
    at: datetime


def reply_item(lead_id: str, arrival: Arrival, judged: Judgement, match: str, send: str | None) -> ReplyItem:
    return ReplyItem(
        keys.lead(lead_id),
        reply_keys.reply(arrival.key),
        verdict=judged.verdict,
        reason=judged.reason,
        match=match,
        at=keys.stamp(arrival.at),
        object=arrival.object,
        flags=[str(flag) for flag in judged.flags] or None,
        send=send,
    )


def replies_of(lead_id: str) -> list[ReplyItem]:
    """Oldest first; for the erasure of a lead too, which deletes each `object` from the bucket."""
    return sorted(table.query(ReplyItem, keys.lead(lead_id), reply_keys.REPLIES), key=lambda item: item.at)


def text_item(lead_id: str, arrival: Arrival, text: str, until: datetime) -> ReplyTextItem:
    return ReplyTextItem(keys.lead(lead_id), reply_keys.reply_text(arrival.key), text=text, ttl=int(until.timestamp()))


def recorded_on(lead_id: str, at: datetime) -> int:
    item = table.find(ReplyCountItem, keys.lead(lead_id), reply_keys.reply_count(at))
    return int(item.emails) if item else 0


def one_more(pk: str, at: datetime, most: int) -> Update:
    """Count an email of this day; fails at `most`."""
    handle = ReplyCountItem(pk, reply_keys.reply_count(at))
    actions = [
        ReplyCountItem.kind.set(ReplyCountItem),
        ReplyCountItem.ttl.set(int((at + _COUNTED_FOR).timestamp())),
        ReplyCountItem.emails.add(1),
    ]
    return Update(handle, actions, ReplyCountItem.emails.does_not_exist() | (ReplyCountItem.emails < most))


def list_for_a_person(arrival: Arrival, judged: Judgement, lead_id: str | None) -> bool:
    """False when the list of the day is full, and for a further copy of an email on it. A repeat changes nothing."""
    pk = reply_keys.listed_replies(arrival.at)
    item = ListedReplyItem(
        pk,
        reply_keys.listed_reply(arrival.at, arrival.key),
        verdict=judged.verdict,
        reason=judged.reason,
        at=keys.stamp(arrival.at),
        object=arrival.object,
        flags=[str(flag) for flag in judged.flags] or None,
        lead_id=lead_id,
        ttl=int((arrival.at + LISTED_FOR).timestamp()),
    )
    try:
        table.commit([Put.new(item), one_more(pk, arrival.at, LISTED_PER_DAY)])
    except ConditionFailed as error:
        if 0 not in error.failed:
            return False
        stored = table.find(ListedReplyItem, item.pk, item.sk)
        return stored is not None and stored.object == arrival.object
    return True


def listed(month: datetime) -> Sequence[ListedReplyItem]:
    """Oldest first."""
    return table.query(ListedReplyItem, reply_keys.listed_replies(month))


def key_of_listed(item: ListedReplyItem) -> str:
    return reply_keys.key_of_listed_reply(item.sk)


def take_off(item: ListedReplyItem) -> None:
    table.commit([Delete(ListedReplyItem(item.pk, item.sk))])
