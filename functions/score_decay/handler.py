"""Every minute: re-evaluates leads whose rank or phase changes by time alone, and reviews evidence after an opt-out.

Only a lead that will change has a due entry; the function searches no leads.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sodate.consent.retention import EvidenceReview, review
from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.runtime import clock, container
from sodate.runtime.batch import poll_entries
from sodate.runtime.logs import logger
from sodate.scheduling.message import MessageTypes
from sodate.scheduling.poller import EntryLane, put_back
from sodate.scheduling.store import DECAY
from sodate.scoring.rescore import Rules, ScoreDecay, live_rules, reevaluate

#: The timeout is 55 s.
_BUDGET = timedelta(seconds=40)
_ENTRIES: MessageTypes[EvidenceReview | ScoreDecay] = MessageTypes(
    "due entry of the lane decay", "decay or evidence", {one.what: one.parse for one in (EvidenceReview, ScoreDecay)}
)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    rules = cache(_rules)

    def act(entry: EvidenceReview | ScoreDecay, now: datetime) -> str:
        match entry:
            case EvidenceReview():
                review(entry)
                return "reviewed"
            case ScoreDecay(lead_id):
                return _reevaluate(lead_id, rules(), now)

    lane = EntryLane(DECAY, _ENTRIES, act, put_back, _BUDGET)
    return poll_entries(lane, container.dispatcher_cache().cursors, clock.now).figures


def _rules() -> Rules | None:
    try:
        return live_rules(container.definitions())
    except NotFound:
        return None  # no rules, no score
    except DefinitionUnreadable as error:  # no entry can be processed: all of them stay
        raise Transient(str(error)) from error


def _reevaluate(lead_id: str, rules: Rules | None, now: datetime) -> str:
    try:
        if rules is not None:
            reevaluate(lead_id, rules, now)
    except Invalid as error:  # permanent: a retry would fail too
        logger().error("score decay failed for a lead", extra={"lead": lead_id, "why": str(error)})
        return "failed"
    return "reevaluated"
