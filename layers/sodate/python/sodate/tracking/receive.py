"""Receives a batch of events: one read, a fold, one conditional write. A repeated batch changes nothing."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sodate.activities.catalog import ActivityVerdict
from sodate.consent.links import read_visitor_token
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid, Transient
from sodate.leads.visitor import VisitorIdentified
from sodate.messages import Message
from sodate.scheduling import store as due
from sodate.signing import Signer
from sodate.tracking import store
from sodate.tracking.batch import Batch
from sodate.tracking.definition import Site
from sodate.tracking.end_session import planned, retention
from sodate.tracking.robots import of_agent
from sodate.tracking.session import Session, merged, of_batch
from sodate.tracking.visit import Visit

#: Sessions that one visitor may begin in 24 hours.
MOST_SESSIONS = 20
_DAY = timedelta(days=1)
#: The browser begins another session after half an hour without an event, and at midnight nobody is at the same visit.
_LONGEST = timedelta(hours=24)
_TRIES = 6


class TooMany(Invalid):
    """A ceiling is reached; what is sent later is accepted again."""


@dataclass(frozen=True)
class Received:
    """Counts for the answer. `dropped`: by reason code. `is_repeat`: the batch was received before."""

    accepted: int
    dropped: dict[str, int] = field(default_factory=dict)
    is_repeat: bool = False


@dataclass(frozen=True)
class Receive:
    """`pause` waits before retry number n."""

    site: Site
    signer: Callable[[], Signer]
    pause: Callable[[int], None]

    def receive(self, batch: Batch, user_agent: str | None, now: datetime) -> Received:
        """Store one batch.

        Raises: `TooMany`; `Transient` when the session keeps changing.
        """
        dropped = dict(batch.dropped)
        if self.site.tracking.consent == "required" and not batch.has_consent:
            return Received(0, {**dropped, "consent": len(batch.events)})
        if not batch.events and batch.token is None:
            return Received(0, dropped)
        agent = of_agent(user_agent, automated=batch.automated)
        for attempt in range(_TRIES):
            try:
                return self._store(batch, agent, dropped, now)
            except ConditionFailed:  # a batch of another tab: read again
                self.pause(attempt)
        raise Transient(Message("many batches of one session at once; send it again"))

    def _store(self, batch: Batch, agent: ActivityVerdict, dropped: dict[str, int], now: datetime) -> Received:
        part, found = store.find_visit(batch.visitor, batch.started, batch.session)
        new = of_batch(batch, agent, self.site, now)
        if found is None:
            visit = self._new(batch, part, new, now)
        elif found.session.has(batch):
            return Received(0, dropped, is_repeat=True)
        elif found.session.is_full(batch) or abs(new.last_at - found.session.first_at) > _LONGEST:
            return Received(0, {**dropped, "session_full": len(batch.events)})
        else:
            visit = found.after(merged(found.session, new, self.site))
        if visit.lead_id is not None and visit.due is None:
            visit = planned(visit, now)
        if batch.token is not None and not self._identifies(batch.token, visit, now):
            dropped["token"] = 1
        store.put_visit(visit, retention(self.site))
        return Received(len(batch.events), dropped)

    def _new(self, batch: Batch, part: int, session: Session, now: datetime) -> Visit:
        """Raises: `TooMany`."""
        earlier = store.newest_visits(batch.visitor, MOST_SESSIONS)
        if len(earlier) == MOST_SESSIONS and all(now - one.session.first_at < _DAY for one in earlier):
            raise TooMany("too many sessions of one visitor", "too_many_sessions")
        binding = store.find_binding(batch.visitor)
        return Visit(
            visitor=batch.visitor,
            session_id=batch.session,
            started=batch.started,
            session=session,
            part=part,
            returning=bool(earlier),
            lead_id=binding.lead_id if binding else None,
        )

    def _identifies(self, token: str, visit: Visit, now: datetime) -> bool:
        """Plan what a signed link of an email says: which lead reads this page. False for a token that is not ours."""
        lead_id = None
        with suppress(Invalid):
            lead_id = read_visitor_token(self.signer(), token, now)
        if lead_id is None:
            return False
        if lead_id != visit.lead_id and visit.session.verdict is not ActivityVerdict.ROBOT:
            identified = VisitorIdentified(visit.visitor, lead_id, "link", now)
            due.plan(now, due.DECAY, identified.ref, identified, now)
        return True
