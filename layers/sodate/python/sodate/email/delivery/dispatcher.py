"""A tick of the dispatcher: what is due goes to the send queue, as fast as SES takes it, the most urgent first.

The rate and the quota are SES's own, asked once a tick. What does not fit stays in the due index. Whatever stops mail
(the circuit breaker, a quota, a guard, a new sender's ceiling) is told in words, and ends by itself when its reason
does: while the breaker is open and SES says nothing against the account, each tick sends one probe, which is an email
to SES's own mailbox simulator, so that no lead's email is risked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sodate.email.delivery.message import LARGEST_BATCH, joined, probe_message, weight
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.account import Account
from sodate.email.reputation.rate_limiter import SANDBOX_RATE, RateLimit
from sodate.scheduling import store as due
from sodate.scheduling.dispatch import Cursors, Tick, dispatch
from sodate.scheduling.store import Lane

TICK = timedelta(minutes=1)
#: Messages come to the queue a little before their slots, for it brings them when it likes, and an unused slot is lost.
_HEAD_START = timedelta(seconds=2)
#: One message keeps a sender busy for so many seconds at the most.
_SECONDS_A_MESSAGE = 4

#: (messages, seconds of delay) → the send queue. Raises when it did not take all of them.
Enqueue = Callable[[Sequence[Mapping[str, Any]], int], None]
#: What SES says of the account; None when it cannot be asked now.
AskSes = Callable[[], Mapping[str, Any] | None]


@dataclass(frozen=True)
class SendingLimits:
    """What we ask of ourselves. `held`: why no marketing mail leaves. `left`: of the day's ceiling, None without."""

    held: str | None = None
    left: int | None = None


@dataclass
class Memory:
    """What one dispatcher process knows from its earlier ticks, so that an idle tick reads only the buckets."""

    cursors: Cursors = field(default_factory=Cursors)
    rate_limit: RateLimit | None = None
    released: int = 0
    """By the last tick: SES does not count them yet."""
    busy_until: datetime | None = None
    """By then everything that was released will have left."""


@dataclass
class Dispatcher:
    enqueue: Enqueue
    ask_ses: AskSes
    restrain: Callable[[Account], SendingLimits]
    memory: Memory
    now: datetime
    room: int | None = None
    """Mails that still fit into this tick; None until something is due."""
    begin: datetime | None = None
    """The first slot of this tick; None until something is due."""
    ceiling: int | None = None
    sent: int = 0
    why: str | None = None
    breaker_opened: bool = False
    """By this tick."""

    def tick(self) -> dict[str, Tick]:
        """One `Tick` per lane; a later lane gets what an earlier one left."""
        told = self.ask_ses()
        rate_limit = self.memory.rate_limit or rate_limiter.look()
        account = Account.of(told) if told is not None else Account(rate_limit.rate, 0, None, None)
        if account.rate != rate_limit.rate:
            rate_limit = replace(rate_limiter.look(), rate=account.rate)
            rate_limiter.keep(rate_limit)
        self.memory.rate_limit = rate_limit
        ticks = {}
        for lane in due.SENDING:
            hand_over = partial(self._hand_over, lane, account)
            ticks[lane.name] = dispatch(lane, hand_over, self.memory.cursors, self.now, page=self._page)
        self.memory.released = self.sent
        if self.begin is not None:
            self.memory.busy_until = self._end(self.memory.rate_limit)
        return ticks

    def _end(self, rate_limit: RateLimit) -> datetime:
        """When everything released so far will have left."""
        return (self.begin or self.now) + rate_limit.slot * (self.sent / rate_limit.bulk_size)

    @property
    def _page(self) -> int:
        rate = self.memory.rate_limit.rate if self.memory.rate_limit else SANDBOX_RATE
        return max(1, min(due.PAGE, int(rate * TICK.total_seconds())))

    def _hand_over(self, lane: Lane, account: Account, messages: Sequence[dict[str, Any]]) -> int:
        if self.room is None:
            self.room = self._room(account)
        room = self._room_of(lane)
        taken = _fitting(messages, room)
        rate_limit = self.memory.rate_limit or RateLimit()
        largest = max(1, min(LARGEST_BATCH, int(max(rate_limit.rate, SANDBOX_RATE) * _SECONDS_A_MESSAGE)))
        by_delay: dict[int, list[Mapping[str, Any]]] = {}
        for message in joined(messages[:taken], largest):
            ahead = self._end(rate_limit) - self.now - _HEAD_START
            by_delay.setdefault(max(0, int(ahead.total_seconds())), []).append(message)
            self.sent += weight(message)
        for delay, together in by_delay.items():
            self.enqueue(together, min(delay, 900))
        used = sum(weight(message) for message in messages[:taken])
        self.room -= used
        if lane is not due.TRANSACTIONAL:
            self.ceiling = self.ceiling - used if self.ceiling is not None else None
        return taken

    def _room_of(self, lane: Lane) -> int:
        room = self.room or 0
        if lane is due.TRANSACTIONAL:
            return room
        if self.memory.rate_limit and self.memory.rate_limit.held:
            return 0
        return room if self.ceiling is None else min(room, self.ceiling)

    def _room(self, account: Account) -> int:
        """Asked once, when the first entry is found: only then does it matter what the senders met meanwhile.

        The breaker also opens for what SES says of the account, and closes by an accepted probe like any other.
        """
        met, sending_limits = rate_limiter.look(), self.restrain(account)
        stopped = account.stopped or met.stopped
        if account.stopped and not met.stopped:
            self.breaker_opened = rate_limiter.open_breaker(account.stopped)
        if met.stopped and not account.stopped:
            self.enqueue([probe_message()], 0)
        found = replace(met, rate=account.rate, held=sending_limits.held)
        if found != met:
            rate_limiter.keep(found)
        self.memory.rate_limit = found
        self.why = stopped or found.held
        self.ceiling = None if sending_limits.left is None else sending_limits.left - self.memory.released
        if stopped:
            return 0
        self.begin = max(moment for moment in (self.now, found.next_slot, self.memory.busy_until) if moment)
        most = found.room(self.now + TICK - self.begin)
        return most if account.left is None else max(0, min(most, account.left - self.memory.released))


def _fitting(messages: Sequence[Mapping[str, Any]], room: int) -> int:
    """How many from the first on. a batch is taken whole, so the last one may be larger than what is left."""
    taken = 0
    while taken < len(messages) and room > 0:
        room -= weight(messages[taken])
        taken += 1
    return taken
