"""Every five minutes: lists attempts without an outcome as unknown, or repeats them when evidence allows it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.email.delivery.sweep import sweep
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import each_entry
from sodate.runtime.metrics import Metric
from sodate.scenarios.next_attempt import NextAttempts
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import WATCH, plan_retry

#: An invocation that is older than this begins no further entry. An entry takes a few calls; the timeout is 60 s.
_LATEST_ENTRY = timedelta(seconds=40)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    began, counted = app.clock.now(), Counter[str]()
    attempts = NextAttempts(app.definitions, app.queues.has_event_letters)

    def act(entry: Mapping[str, Any]) -> None:
        if entry.get("what") == "look":
            counted["again"] += attempts.check(entry, app.clock.now())
        else:
            counted["unknown"] += sweep(entry, app.clock.now())

    def hand_over(entries: Sequence[Mapping[str, Any]]) -> int:
        return each_entry(
            app,
            entries,
            act,
            put_back=lambda entry: plan_retry(entry, WATCH, app.clock.now()),
            has_time=lambda: app.clock.now() - began <= _LATEST_ENTRY,
        )

    tick = dispatch(WATCH, hand_over, app.dispatcher_cache.cursors, began)
    app.metrics.count(Metric.SENDS_UNKNOWN, counted["unknown"])
    app.metrics.count(Metric.SENDS_AGAIN, counted["again"])
    return {"minutes": tick.minutes, "looked_at": tick.handed_over, **counted}


handler = on_lambda(handle)
