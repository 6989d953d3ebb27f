"""Counters of deliveries, bounces and complaints: daily for marketing email, hourly for opt-in email.

One small write per batch of events, one read per judgement. Anyone can request opt-in email to any address, so it must
not influence the guard of marketing email; it has a guard of its own. The counters serve the guards only: a batch that
crashes before its write is not counted, but is in the ledger.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sodate.dynamodb import keys
from sodate.email.events.event import EmailEvent
from sodate.email.reputation.guards import WINDOW, Counts
from sodate.email.reputation.store import add_counts, counts_at, latest_counts

#: Window in hours over which opt-in email is judged. After an attack the guard ends automatically within a day.
OPT_IN_HOURS = 24
_OPT_IN = "opt_in"


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
    add_counts(opt_in, keys.rates(_OPT_IN), keys.rate_hour(now), now)


def record(counts: Counts, now: datetime, sender: str = "default") -> None:
    add_counts(counts, keys.rates(sender), keys.rate_day(now), now)


def recent(now: datetime, sender: str = "default") -> Counts:
    """The last seven days (UTC), today included."""
    first = keys.rate_day(now - timedelta(days=WINDOW - 1))
    counts = latest_counts(keys.rates(sender), WINDOW)
    return sum((counts[day] for day in counts if day >= first), Counts())


def recent_opt_in(now: datetime) -> Counts:
    """Opt-in email of the last 24 hours (UTC), this hour included. One eventually consistent call."""
    hours = [keys.rate_hour(now - timedelta(hours=back)) for back in range(OPT_IN_HOURS)]
    return sum(counts_at(keys.rates(_OPT_IN), hours), Counts())
