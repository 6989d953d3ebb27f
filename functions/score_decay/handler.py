"""Every minute: leads whose score, segments or scenarios change by time alone; reviews of evidence of opt-outs."""

from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, get_args

from sodate.consent.retention import EvidenceReview, review
from sodate.errors import Invalid, Transient
from sodate.playbook.store import DefinitionUnreadable
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import poll_entries
from sodate.runtime.metrics import Metric
from sodate.scenarios.due_entry import DateReached
from sodate.scenarios.enter_by_date import enter_by_date
from sodate.scheduling.message import MessageTypes
from sodate.scheduling.poller import EntryLane, put_back
from sodate.scheduling.store import DECAY
from sodate.scoring.rescore import ScoreDecay
from sodate.segments.due_entry import SegmentReview
from sodate.segments.refresh import Live, after_decay, after_time
from sodate.tracking.entries import VISIT_ENTRIES, VisitEntry, on_visit

_BUDGET = timedelta(seconds=40)  # the timeout is 55 s
Entry = EvidenceReview | ScoreDecay | SegmentReview | DateReached | VisitEntry
_ENTRIES: MessageTypes[Entry] = MessageTypes(
    "due entry of the lane decay", "decay, segments, date_entry, evidence, session or visitor",
    {one.what: one.parse for one in get_args(Entry)})  # fmt: skip


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    live = cache(partial(_live, app))

    def act(entry: Entry, now: datetime) -> str:
        if isinstance(entry, EvidenceReview):
            review(entry)
            return "reviewed"
        if isinstance(entry, VISIT_ENTRIES):
            return on_visit(entry, app.definitions, now)
        try:
            if isinstance(entry, DateReached):
                return enter_by_date(entry, app.definitions, now)
            (after_decay if isinstance(entry, ScoreDecay) else after_time)(entry.lead_id, live(), now)
        except Invalid as error:  # permanent: a retry would fail too
            app.log.error("a lead cannot be evaluated", extra={"lead": entry.lead_id, "why": str(error)})
            return "failed"
        return "reevaluated"

    polled = poll_entries(app, EntryLane(DECAY, _ENTRIES, act, put_back, _BUDGET))
    app.metrics.count(Metric.ENTRIES_WAITING, polled.outcomes["entry_waiting"])
    return polled.figures


def _live(app: App) -> Live:
    try:
        return Live.of(app.definitions)
    except DefinitionUnreadable as error:  # no entry can be processed: all of them stay
        raise Transient(str(error)) from error


handler = on_lambda(handle)
