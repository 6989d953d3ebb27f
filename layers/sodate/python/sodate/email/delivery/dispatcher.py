"""A dispatcher tick: puts due messages on the send queue at SES's rate, the most urgent lane first.

Rate and quota come from SES, one call per tick. What exceeds them stays in the due index. Every stop (circuit breaker,
quota, guard, ceiling of a new sender) has a reason text and ends automatically with its reason: while the breaker is
open and SES reports no problem of the account, each tick sends one probe, an email to SES's mailbox simulator, so that
no lead's email is at risk.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sodate.email.delivery.message import LARGEST_BATCH, SEND_MESSAGES, Probe, SendMessage, joined, weight
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.account import Account
from sodate.email.reputation.rate_limiter import SANDBOX_RATE, RateLimit
from sodate.errors import Invalid
from sodate.scheduling import store as due
from sodate.scheduling.dispatch import Cursors, Tick
from sodate.scheduling.message import RawMessage
from sodate.scheduling.poller import PolledLane, poll
from sodate.scheduling.store import Lane

TICK = timedelta(minutes=1)
#: Messages enter the queue this long before their slots: SQS delivers with a delay, and an unused slot is lost.
_HEAD_START = timedelta(seconds=2)
#: One message occupies a sender for at most this many seconds.
_SECONDS_A_MESSAGE = 4

#: (messages, delay in seconds) → the send queue. Raises when the queue did not accept all of them.
Enqueue = Callable[[Sequence[Mapping[str, Any]], int], None]
#: SES's GetAccount; None when SES does not answer.
AskSes = Callable[[], Mapping[str, Any] | None]


@dataclass(frozen=True)
class SendingLimits:
    """Our own limits. `hold_reason`: why marketing email is on hold; None: it is not. `left`: emails left of the daily
    ceiling; None: no ceiling.
    """

    hold_reason: str | None = None
    left: int | None = None


@dataclass
class DispatcherCache:
    """State of one dispatcher process between ticks, so that an idle tick reads only the buckets."""

    cursors: Cursors = field(default_factory=Cursors)
    rate_limit: RateLimit | None = None
    handed_over: int = 0
    """Emails handed over by the last tick: SES does not count them yet."""
    busy_until: datetime | None = None
    """When the last email handed over so far is sent."""


@dataclass
class Dispatcher:
    enqueue: Enqueue
    ask_ses: AskSes
    limits_of: Callable[[Account], SendingLimits]
    cache: DispatcherCache
    now: datetime
    room: int | None = None
    """Emails that still fit into this tick; None until something is due."""
    begin: datetime | None = None
    """The first slot of this tick; None until something is due."""
    ceiling: int | None = None
    sent: int = 0
    why: str | None = None
    breaker_opened: bool = False
    """This tick opened the circuit breaker."""

    def tick(self) -> dict[str, Tick]:
        """One `Tick` per lane, in order of urgency; a later lane gets the room that an earlier one left."""
        reply = self.ask_ses()
        rate_limit = self.cache.rate_limit or rate_limiter.load()
        account = Account.of(reply) if reply is not None else Account(rate_limit.rate, 0, None, None)
        if account.rate != rate_limit.rate:
            rate_limit = replace(rate_limiter.load(), rate=account.rate)
            rate_limiter.keep(rate_limit)
        self.cache.rate_limit = rate_limit
        lanes = [PolledLane(lane, partial(self._hand_over, lane, account), self._page) for lane in due.SENDING]
        ticks = poll(lanes, self.cache.cursors, self.now)
        self.cache.handed_over = self.sent
        if self.begin is not None:
            self.cache.busy_until = self._end(self.cache.rate_limit)
        return ticks

    def _end(self, rate_limit: RateLimit) -> datetime:
        """When the last email handed over so far is sent."""
        return (self.begin or self.now) + rate_limit.slot * (self.sent / rate_limit.bulk_size)

    @property
    def _page(self) -> int:
        rate = self.cache.rate_limit.rate if self.cache.rate_limit else SANDBOX_RATE
        return max(1, min(due.PAGE, int(rate * TICK.total_seconds())))

    def _hand_over(self, lane: Lane, account: Account, entries: Sequence[Mapping[str, Any]]) -> int:
        if self.room is None:
            self.room = self._room(account)
        fitting = _fitting(entries, self._room_of(lane))
        rate_limit = self.cache.rate_limit or RateLimit()
        largest = max(1, min(LARGEST_BATCH, int(max(rate_limit.rate, SANDBOX_RATE) * _SECONDS_A_MESSAGE)))
        by_delay: dict[int, list[Mapping[str, Any]]] = {}
        for message in joined(fitting, largest):
            ahead = self._end(rate_limit) - self.now - _HEAD_START
            by_delay.setdefault(max(0, int(ahead.total_seconds())), []).append(message.to_message())
            self.sent += weight(message)
        for delay, together in by_delay.items():
            self.enqueue(together, min(delay, 900))
        used = sum(weight(message) for message in fitting)
        self.room -= used
        if lane is not due.TRANSACTIONAL:
            self.ceiling = self.ceiling - used if self.ceiling is not None else None
        return len(fitting)

    def _room_of(self, lane: Lane) -> int:
        room = self.room or 0
        if lane is due.TRANSACTIONAL:
            return room
        if self.cache.rate_limit and self.cache.rate_limit.hold_reason:
            return 0
        return room if self.ceiling is None else min(room, self.ceiling)

    def _room(self, account: Account) -> int:
        """Emails that fit into this tick. Computed once, at the first due entry: an idle tick needs no read.

        The breaker also opens when SES reports a stop of the account; an accepted probe closes it, as always.
        """
        stored, sending_limits = rate_limiter.load(), self.limits_of(account)
        stopped = account.stopped or stored.stopped
        if account.stopped and not stored.stopped:
            self.breaker_opened = rate_limiter.open_breaker(account.stopped)
        if stored.stopped and not account.stopped:
            self.enqueue([Probe().to_message()], 0)
        current = replace(stored, rate=account.rate, hold_reason=sending_limits.hold_reason)
        if current != stored:
            rate_limiter.keep(current)
        self.cache.rate_limit = current
        self.why = stopped or current.hold_reason
        self.ceiling = None if sending_limits.left is None else sending_limits.left - self.cache.handed_over
        if stopped:
            return 0
        self.begin = max(moment for moment in (self.now, current.next_slot, self.cache.busy_until) if moment)
        most = current.room(self.now + TICK - self.begin)
        return most if account.left is None else max(0, min(most, account.left - self.cache.handed_over))


def _fitting(entries: Sequence[Mapping[str, Any]], room: int) -> list[SendMessage | RawMessage]:
    """The entries, from the first on, that fit. A batch is never split, so the last one may exceed the room.

    What cannot be parsed goes to the queue unchanged: the sender puts it into the dead-letter queue, with the reason.
    """
    fitting: list[SendMessage | RawMessage] = []
    for entry in entries:
        if room <= 0:
            break
        try:
            message: SendMessage | RawMessage = SEND_MESSAGES.parse(entry)
        except Invalid:
            message = RawMessage(entry)
        room -= weight(message)
        fitting.append(message)
    return fitting
