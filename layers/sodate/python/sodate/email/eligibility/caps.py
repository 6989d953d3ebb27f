"""Frequency caps: how many marketing emails a lead gets in a day, a week, a month, in sliding windows. Pure.

STATE stores the minutes of the latest emails, newest first. A cap of n is not reached when the n-th newest minute is
older than the window. So the condition of the claim checks every cap, without a read before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Cap
from sodate.leads.contact_state import ContactState

WINDOW = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
#: Frequencies that a lead can choose in the preference centre: one email in this window.
PREFERENCE = {"weekly": "week", "monthly": "month"}
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """`topic` None: the cap covers all marketing email."""

    topic: str | None
    per: str
    at_most: int

    @property
    def code(self) -> str:
        """The reason code in the ledger."""
        return f"{Reason.CAP}:{self.per}" if self.topic is None else f"{Reason.CAP}:{self.per}:{self.topic}"

    def horizon(self, now: datetime) -> int:
        return minutes(now - WINDOW[self.per])


def limits(caps: Iterable[Cap], topic: str) -> list[Limit]:
    return [Limit(cap.topic, cap.per, cap.at_most) for cap in caps if cap.topic in (None, topic)]


def minutes_needed(limits: Sequence[Limit], topic: str | None) -> int:
    """How many minutes STATE must store; over all topics at least one, for the frequency that a lead can choose."""
    return max((limit.at_most for limit in limits if limit.topic == topic), default=0 if topic else 1)


def cap_reached(limits: Sequence[Limit], state: ContactState, topic: str, now: datetime) -> tuple[str, datetime] | None:
    """Reason code and end of the reached cap that ends last; None when no cap is reached."""
    preference = PREFERENCE.get(state.frequency or "")
    chosen = [Limit(None, preference, 1)] if preference else []
    ends = []
    for limit in (*limits, *chosen):
        mailed = state.mailed if limit.topic is None else state.mailed_in.get(topic, ())
        if len(mailed) >= limit.at_most and mailed[limit.at_most - 1] > limit.horizon(now):
            free = _EPOCH + mailed[limit.at_most - 1] * _MINUTE + WINDOW[limit.per]
            ends.append((free, Reason.FREQUENCY if limit in chosen else limit.code))
    if not ends:
        return None
    free, code = max(ends)
    return code, free


def minutes(at: datetime) -> int:
    """Whole minutes since the epoch."""
    return (at - _EPOCH) // _MINUTE
