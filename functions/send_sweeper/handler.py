"""Every five minutes: lists attempts without an outcome as unknown, or repeats them when evidence allows it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.email.delivery.sweep import sweep
from sodate.runtime import clock, container
from sodate.runtime.batch import each_entry
from sodate.runtime.metrics import Metric, count
from sodate.scenarios.next_attempt import NextAttempts
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import WATCH, plan_retry

#: An invocation that is older than this begins no further entry. An entry takes a few calls; the timeout is 60 s.
_LATEST_ENTRY = timedelta(seconds=40)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    began, counted = clock.now(), Counter[str]()
    attempts = NextAttempts(container.definitions(), container.has_event_letters)

    def act(entry: Mapping[str, Any]) -> None:
        if entry.get("what") == "look":
            counted["again"] += attempts.check(entry, clock.now())
        else:
            counted["unknown"] += sweep(entry, clock.now())

    def hand_over(entries: Sequence[Mapping[str, Any]]) -> int:
        return each_entry(
            entries,
            act,
            put_back=lambda entry: plan_retry(entry, WATCH, clock.now()),
            has_time=lambda: clock.now() - began <= _LATEST_ENTRY,
        )

    tick = dispatch(WATCH, hand_over, container.dispatcher_cache().cursors, began)
    count(Metric.SENDS_UNKNOWN, counted["unknown"])
    count(Metric.SENDS_AGAIN, counted["again"])
    return {"minutes": tick.minutes, "looked_at": tick.handed_over, **counted}
