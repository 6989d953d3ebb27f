"""Frequency caps: how many marketing emails a lead gets in a day, a week, a month, in sliding windows. Pure.

STATE stores the minutes of the latest emails, newest first. A cap of n is not reached when the n-th newest minute is
older than the window. So the condition of the claim checks every cap, without a read before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    ends = [(free, code) for free, code in _ends(limits, state, topic) if free > now]
    if not ends:
        return None
    free, code = max(ends)
    return code, free


def free_since(limits: Sequence[Limit], state: ContactState, topic: str) -> datetime:
    """Since when no cap is reached; long ago when the lead got few emails."""
    return max((free for free, _ in _ends(limits, state, topic)), default=_EPOCH)


def _ends(limits: Sequence[Limit], state: ContactState, topic: str) -> Iterator[tuple[datetime, str]]:
    """When each cap is free again, also of those that are free by now, and the reason code."""
    preference = PREFERENCE.get(state.frequency or "")
    chosen = [Limit(None, preference, 1)] if preference else []
    for limit in (*limits, *chosen):
        mailed = state.mailed if limit.topic is None else state.mailed_in.get(topic, ())
        if len(mailed) >= limit.at_most:
            free = _EPOCH + mailed[limit.at_most - 1] * _MINUTE + WINDOW[limit.per]
            yield free, Reason.FREQUENCY if limit in chosen else limit.code


def with_email(state: ContactState, limits: Sequence[Limit], topic: str, now: datetime) -> ContactState:
    """The state after an email about `topic` has left."""
    mailed = (minutes(now), *state.mailed)[: minutes_needed(limits, None)]
    by_topic = minutes_needed(limits, topic)
    if not by_topic:
        return replace(state, mailed=mailed)
    in_topic = (minutes(now), *state.mailed_in.get(topic, ()))[:by_topic]
    return replace(state, mailed=mailed, mailed_in={**state.mailed_in, topic: in_topic})


def minutes(at: datetime) -> int:
    """Whole minutes since the epoch."""
    return (at - _EPOCH) // _MINUTE
