"""The faults that every design meets, ours and the peers: one set of shares, so their counts can stand side by side.

The shares are invented and far above what AWS shows: they find windows and rank designs, they predict no rate.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from ses_simulator.errors import Fault

#: A quarter of all invocations die at one of their first so many labelled points, if they get that far.
CRASHES, LONGEST_FUSE = 0.25, 24
#: A finished message is delivered once more; SQS standard may do so at any time.
REPEATS = 0.08
VISIBILITY = timedelta(minutes=3)
MOST_RECEIVES = 4
#: Share of SES calls that meet a fault, drawn once per history.
FAULT_SHARES = (0.0, 0.1, 0.3)
WAITS = (7, 61, 600, 1900, 7300, 7300, 40_000)
#: Somebody finds the dead-letter queue within the hour, or after a long weekend.
REDRIVES = (timedelta(hours=1), timedelta(days=3))
_FAULTS = tuple(Fault)


class Crash(BaseException):
    """The process is gone. No `Exception`: nothing of ours may catch it, as a killed process catches nothing."""


def fuse(rng: random.Random) -> int:
    """After how many points this invocation dies; 0 is never."""
    return rng.randint(1, LONGEST_FUSE) if rng.random() < CRASHES else 0


def ses_faults(rng: random.Random, is_rough: Callable[[], bool]) -> Callable[[object], Fault | None]:
    share = rng.choice(FAULT_SHARES)

    def fault(_: object) -> Fault | None:
        return rng.choice(_FAULTS) if is_rough() and rng.random() < share else None

    return fault
