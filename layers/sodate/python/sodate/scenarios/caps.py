"""Frequency caps: how many marketing mails a person gets in a day, a week, a month, in sliding windows. Pure.

STATE keeps the minutes of the latest mails, newest first: a cap of n in a window is free when the n-th newest is older
than the window. So one condition of the claim decides it, and nothing is read before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sodate.email.mailing import Cap
from sodate.leads.lead import State

WINDOW = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
#: What a lead may wish in the preference centre: one mail in this window.
PREFERENCE = {"weekly": "week", "monthly": "month"}
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Limit:
    """`topic` None: over all marketing mail."""

    topic: str | None
    per: str
    at_most: int

    @property
    def code(self) -> str:
        """The reason code in the ledger."""
        return f"cap:{self.per}" if self.topic is None else f"cap:{self.per}:{self.topic}"

    def horizon(self, now: datetime) -> int:
        return minutes(now - WINDOW[self.per])


def limits(caps: Iterable[Cap], topic: str) -> list[Limit]:
    return [Limit(cap.topic, cap.per, cap.at_most) for cap in caps if cap.topic in (None, topic)]


def kept(found: Sequence[Limit], topic: str | None) -> int:
    """How many minutes must be remembered; the newest is always needed, for what a lead may wish."""
    return max((limit.at_most for limit in found if limit.topic == topic), default=0 if topic else 1)


def reached(found: Sequence[Limit], state: State, topic: str, now: datetime) -> tuple[str, datetime] | None:
    """The reason and the moment it ends, of the cap that holds longest; None when no cap is reached."""
    preference = PREFERENCE.get(state.frequency or "")
    wished = [Limit(None, preference, 1)] if preference else []
    ends = []
    for limit in (*found, *wished):
        mailed = state.mailed if limit.topic is None else state.mailed_in.get(topic, ())
        if len(mailed) >= limit.at_most and mailed[limit.at_most - 1] > limit.horizon(now):
            free = _EPOCH + mailed[limit.at_most - 1] * _MINUTE + WINDOW[limit.per]
            ends.append((free, "frequency_wish" if limit in wished else limit.code))
    if not ends:
        return None
    free, code = max(ends)
    return code, free


def minutes(at: datetime) -> int:
    return (at - _EPOCH) // _MINUTE
