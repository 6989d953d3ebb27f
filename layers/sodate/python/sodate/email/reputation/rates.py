"""Counters of deliveries, bounces and complaints: daily for marketing email, hourly for opt-in email.

One small write per batch of events, one read per judgement. Anyone can request opt-in email to any address, so it must
not influence the guard of marketing email; it has a guard of its own. The counters serve the guards only: a batch that
crashes before its write is not counted, but is in the ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from sodate.dynamodb import base, bulk, keys
from sodate.dynamodb.base import TableItem
from sodate.email.events.event import EmailEvent
from sodate.email.reputation.guards import WINDOW, Counts

_KEPT = timedelta(days=60)
#: Window in hours over which opt-in email is judged. After an attack the guard ends automatically within a day.
OPT_IN_HOURS = 24
_OPT_IN = "opt_in"


class RateItem(TableItem, discriminator="rate"):
    delivered = NumberAttribute(default=0)
    bounced = NumberAttribute(default=0)
    complained = NumberAttribute(default=0)


def tally(events: Iterable[EmailEvent]) -> Counts:
    """Pass only events with the outcome `applied` or `double`: a redelivered bounce must not count twice."""
    return sum((_of(event) for event in events), Counts())


def _of(event: EmailEvent) -> Counts:
    """Transient bounces do not count: SES does not count them either."""
    if event.type == "Delivery":
        return Counts(delivered=1)
    if event.suppresses == "hard_bounce":
        return Counts(bounced=1)
    return Counts(complained=1) if event.suppresses == "complaint" else Counts()


def record_events(events: Sequence[EmailEvent], now: datetime) -> None:
    """Count each event by its purpose; email to sales is not counted. An event without tags counts as marketing.

    Raises: `Transient` when the table is not available; some of the events may be counted then.
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
    """Opt-in email of the last 24 hours (UTC), this hour included. One eventually consistent call."""
    hours = [keys.rate_hour(now - timedelta(hours=back)) for back in range(OPT_IN_HOURS)]
    stored = bulk.get_many((keys.rates(_OPT_IN), hour) for hour in hours)
    items = [bulk.plain({"M": item}) for item in stored.values()]
    return sum((Counts(int(i["delivered"]), int(i["bounced"]), int(i["complained"])) for i in items), Counts())
