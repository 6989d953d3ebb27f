"""The poller: reads the lanes of one function in order and hands over what is due.

A function describes its lanes: `PolledLane` for entries that are taken together, `EntryLane` for entries that are
processed one by one (`runtime.batch.poll_entries` runs it, with its logs).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic

from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.scheduling.dispatch import Cursors, HandOver, Tick, dispatch
from sodate.scheduling.message import M, MessageTypes
from sodate.scheduling.store import PAGE, Lane

#: Outcome of a message or due entry: one word, or counts by word when it contains many sends.
Outcome = str | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PolledLane:
    """`page`: maximum number of entries per read."""

    lane: Lane
    hand_over: HandOver
    page: int = PAGE


def poll(lanes: Iterable[PolledLane], cursors: Cursors, now: datetime) -> dict[str, Tick]:
    """One tick per lane, in the given order; by the lane's name."""
    return {one.lane.name: dispatch(one.lane, one.hand_over, cursors, now, one.page) for one in lanes}


class AfterError(StrEnum):
    """What becomes of a due entry whose processing failed."""

    #: Planned again, hourly for a day: it must not block the entries after it.
    PUT_BACK = "put_back"
    #: It and the entries after it stay, and the next tick continues with it.
    STOP = "stop"
    #: Permanent: only logged and counted.
    GIVE_UP = "given_up"
    #: The invocation fails, which raises an alarm; nothing of its page is consumed.
    RAISE = "raise"


def put_back(error: Exception) -> AfterError:
    """For entries that must not be lost, and do not depend on each other."""
    if isinstance(error, Transient) and not isinstance(error, DefinitionUnreadable):
        return AfterError.STOP
    return AfterError.PUT_BACK


def give_up_or_raise(error: Exception) -> AfterError:
    """For entries that are useless an hour later: a permanent error ends the entry, any other one fails loudly."""
    return AfterError.GIVE_UP if isinstance(error, (Invalid, NotFound)) else AfterError.RAISE


@dataclass(frozen=True, slots=True)
class EntryLane(Generic[M]):
    """A lane whose entries are processed one by one.

    `budget`: an invocation that is older than this begins no further entry.
    """

    lane: Lane
    types: MessageTypes[M]
    act: Callable[[M, datetime], Outcome]
    after_error: Callable[[Exception], AfterError]
    budget: timedelta


@dataclass(frozen=True, slots=True)
class Polled:
    """`outcomes`: number of entries, or of sends in them, per outcome."""

    tick: Tick
    outcomes: Counter[str]

    @property
    def figures(self) -> dict[str, int]:
        """The answer of a function."""
        return {"minutes": self.tick.minutes, "looked_at": self.tick.handed_over, **self.outcomes}
