"""Every five minutes: lists attempts without an outcome as unknown, or repeats them when evidence allows it."""

from datetime import datetime, timedelta
from typing import Any

from sodate.broadcasts.watch import BroadcastWatch
from sodate.email.delivery.sweep import sweep
from sodate.email.delivery.watch import TRANSACTIONAL, TransactionalWatch, by_source
from sodate.email.ledger.states import BROADCAST, STEP
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import poll_entries
from sodate.runtime.metrics import Metric
from sodate.scenarios.next_attempt import NextAttempts
from sodate.scenarios.watch import StepCheck, StepWatch
from sodate.scheduling.message import MessageTypes
from sodate.scheduling.poller import EntryLane, put_back
from sodate.scheduling.store import WATCH

#: An entry takes a few calls; the timeout is 60 s.
_BUDGET = timedelta(seconds=40)
_ENTRIES: MessageTypes[StepWatch | BroadcastWatch | TransactionalWatch | StepCheck] = MessageTypes(
    name="due entry of the sweeper",
    kinds="watch or look",
    parsers={
        "watch": by_source(
            {STEP: StepWatch.parse, BROADCAST: BroadcastWatch.parse, TRANSACTIONAL: TransactionalWatch.parse}
        ),
        "look": by_source({STEP: StepCheck.parse}),
    },
    versions=(1, 2),
)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    attempts = NextAttempts(app.definitions, app.queues.has_event_letters)

    def act(entry: StepWatch | BroadcastWatch | TransactionalWatch | StepCheck, now: datetime) -> dict[str, int]:
        match entry:
            case StepCheck():
                return {"again": attempts.check(entry, now)}
            case StepWatch() | BroadcastWatch() | TransactionalWatch():
                return {"unknown": sweep(entry, now)}

    polled = poll_entries(app, EntryLane(WATCH, _ENTRIES, act, put_back, _BUDGET))
    app.metrics.count(Metric.SENDS_UNKNOWN, polled.outcomes["unknown"])
    app.metrics.count(Metric.SENDS_AGAIN, polled.outcomes["again"])
    return polled.figures


handler = on_lambda(handle)
