"""Daily counters of what became of a sender's mails: one small write per batch of events, one query per judgement.

They are for guards, not for accounts: a batch that crashes before its write is not counted, the ledger still has it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.mail.events import MailEvent
from sodate.mail.guards import WINDOW, Counts
from sodate.table import base, keys
from sodate.table.base import TableItem

_KEPT = timedelta(days=60)


class RateItem(TableItem, discriminator="rate"):
    delivered = NumberAttribute(default=0)
    bounced = NumberAttribute(default=0)
    complained = NumberAttribute(default=0)


def tally(events: Iterable[MailEvent]) -> Counts:
    """Pass only events that `apply_event` did not know yet; a repeat is no second bounce."""
    return sum((_of(event) for event in events), Counts())


def _of(event: MailEvent) -> Counts:
    """Transient bounces do not count, as SES does not count them."""
    if event.type == "Delivery":
        return Counts(delivered=1)
    if event.suppresses == "hard_bounce":
        return Counts(bounced=1)
    return Counts(complained=1) if event.suppresses == "complaint" else Counts()


def record(counts: Counts, now: datetime, sender: str = "default") -> None:
    if counts == Counts():
        return
    base.update(
        RateItem(keys.rates(sender), keys.rate_day(now)),
        [
            RateItem.kind.set(RateItem),
            RateItem.delivered.add(counts.delivered),
            RateItem.bounced.add(counts.bounced),
            RateItem.complained.add(counts.complained),
            RateItem.ttl.set(int((now + _KEPT).timestamp())),
        ],
    )


def recent(now: datetime, sender: str = "default") -> Counts:
    """The last seven days (UTC), today included."""
    items = base.query(RateItem, keys.rates(sender), newest_first=True, limit=WINDOW)
    first = keys.rate_day(now - timedelta(days=WINDOW - 1))
    return sum((Counts(int(i.delivered), int(i.bounced), int(i.complained)) for i in items if i.sk >= first), Counts())
