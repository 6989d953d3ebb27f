"""Every minute: re-evaluates leads that change by time alone (each has a due entry); reviews evidence of opt-outs."""

from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sodate.consent.retention import EvidenceReview, review
from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import poll_entries
from sodate.scheduling.message import MessageTypes
from sodate.scheduling.poller import EntryLane, put_back
from sodate.scheduling.store import DECAY
from sodate.scoring.rescore import Rules, ScoreDecay, live_rules, reevaluate

#: The timeout is 55 s.
_BUDGET = timedelta(seconds=40)
_ENTRIES: MessageTypes[EvidenceReview | ScoreDecay] = MessageTypes(
    "due entry of the lane decay", "decay or evidence", {one.what: one.parse for one in (EvidenceReview, ScoreDecay)}
)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    rules = cache(partial(_rules, app))

    def act(entry: EvidenceReview | ScoreDecay, now: datetime) -> str:
        match entry:
            case EvidenceReview():
                review(entry)
                return "reviewed"
            case ScoreDecay(lead_id):
                return _reevaluate(app, lead_id, rules(), now)

    lane = EntryLane(DECAY, _ENTRIES, act, put_back, _BUDGET)
    return poll_entries(app, lane).figures


def _rules(app: App) -> Rules | None:
    try:
        return live_rules(app.definitions)
    except NotFound:
        return None  # no rules, no score
    except DefinitionUnreadable as error:  # no entry can be processed: all of them stay
        raise Transient(str(error)) from error


def _reevaluate(app: App, lead_id: str, rules: Rules | None, now: datetime) -> str:
    try:
        if rules is not None:
            reevaluate(lead_id, rules, now)
    except Invalid as error:  # permanent: a retry would fail too
        app.log.error("score decay failed for a lead", extra={"lead": lead_id, "why": str(error)})
        return "failed"
    return "reevaluated"


handler = on_lambda(handle)
