"""An estimate before the release: how large the audience is now, who of it can be emailed, and when it would be sent.

It reads every member of the segment and changes nothing.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sodate.broadcasts.audience import left_out
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.candidates import candidates_of
from sodate.broadcasts.schedule import instant_for, next_local
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.playbook.store import Definitions, parsed
from sodate.segments.store import members

_PAGE = 250


@dataclass
class Estimate:
    """`left_out`: members that do not belong to the audience, and members of it that cannot be emailed, by reason.

    `local`: the next local time; None: it has passed. `instants`: leads by the instant at which they get it.
    `minutes`: how long the sending takes at SES's rate. `sample`: lead ids of the first recipients.
    """

    members: int = 0
    recipients: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    local: datetime | None = None
    instants: Counter[datetime] = field(default_factory=Counter)
    minutes: float = 0.0
    sample: list[str] = field(default_factory=list)


def estimate(definitions: Definitions, broadcast_id: str, now: datetime, sample: int = 5) -> Estimate:
    """Caps and quiet hours are not part of it: they depend on the minute.

    Raises: `NotFound` when there is no such broadcast.
    """
    broadcast = parsed(definitions.live("broadcast", broadcast_id), Broadcast)
    mailing = parsed(definitions.live("mailing"), Mailing)
    result = Estimate(local=next_local(broadcast, mailing, now))
    cursor: str | None = None
    while True:
        page, cursor = members(broadcast.segment, cursor, _PAGE)
        for candidate in candidates_of(member.lead_id for member in page):
            result.members += 1
            state = candidate.state
            reason = left_out(candidate, broadcast) or (state and state.permanent_rejection(broadcast.topic))
            reason = reason or (Reason.GLOBAL_HOLDOUT if mailing.is_kept_out(candidate.lead_id) else None)
            if reason:
                result.left_out[reason] += 1
                continue
            result.recipients += 1
            if result.local is not None:
                result.instants[instant_for(broadcast, mailing, result.local, state.zone if state else None)] += 1
            if len(result.sample) < sample:
                result.sample.append(candidate.lead_id)
        if cursor is None:
            result.minutes = result.recipients / rate_limiter.load().rate / 60
            return result
