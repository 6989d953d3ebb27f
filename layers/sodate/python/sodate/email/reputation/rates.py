"""Daily counters of what became of a sender's marketing mails, hourly ones of opt-in mails: one small write per batch
of events, one read per judgement.

A stranger decides where opt-in mail goes, so it must not move the guard of marketing mail; it has one of its own.
The counters are for guards, not for accounts: a batch that crashes before its write is not counted, the ledger has it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import base, bulk, keys
from sodate.dynamodb.base import TableItem
from sodate.email.events.event import EmailEvent
from sodate.email.reputation.guards import WINDOW, Counts

_KEPT = timedelta(days=60)
#: In which opt-in mails are judged together. After an attack the guard ends by itself within a day.
OPT_IN_HOURS = 24
_OPT_IN = "opt_in"


class RateItem(TableItem, discriminator="rate"):
    delivered = NumberAttribute(default=0)
    bounced = NumberAttribute(default=0)
    complained = NumberAttribute(default=0)


def tally(events: Iterable[EmailEvent]) -> Counts:
    """Pass only events that `apply_event` did not know yet; a repeat is no second bounce."""
    return sum((_of(event) for event in events), Counts())


def _of(event: EmailEvent) -> Counts:
    """Transient bounces do not count, as SES does not count them."""
    if event.type == "Delivery":
        return Counts(delivered=1)
    if event.suppresses == "hard_bounce":
        return Counts(bounced=1)
    return Counts(complained=1) if event.suppresses == "complaint" else Counts()


def record_events(events: Sequence[EmailEvent], now: datetime) -> None:
    """Each event in the counters of its purpose; mail to our own sales in none. Without tags it counts as marketing.

    Raises `Transient` when the table does not answer: then a part may be counted.
    """
    record(tally(event for event in events if event.tags.get("purpose") != "transactional"), now)
    opt_in = tally(event for event in events if event.tags.get("name") == _OPT_IN)
    _add(opt_in, keys.rates(_OPT_IN), keys.rate_hour(now), now)


def record(counts: Counts, now: datetime, sender: str = "default") -> None:
    _add(counts, keys.rates(sender), keys.rate_day(now), now)


def _add(counts: Counts, pk: str, sk: str, now: datetime) -> None:
    if counts == Counts():
        return
    base.update(
        RateItem(pk, sk),
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


def recent_opt_in(now: datetime) -> Counts:
    """Of opt-in mails in the last 24 hours (UTC), this hour included. One call, a second old at most."""
    hours = [keys.rate_hour(now - timedelta(hours=back)) for back in range(OPT_IN_HOURS)]
    found = bulk.get_many((keys.rates(_OPT_IN), hour) for hour in hours)
    items = [bulk.plain({"M": item}) for item in found.values()]
    return sum((Counts(int(i["delivered"]), int(i["bounced"]), int(i["complained"])) for i in items), Counts())
