"""Every minute: due digests, retries, escalations, expiries and recycling of sales signals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.errors import Invalid, NotFound
from sodate.runtime.app import App, on_lambda
from sodate.runtime.notifier import sales_notifier
from sodate.sales.follow_up import FollowUp
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import SALES

#: Chats may be slow; the next invocation processes the remaining entries.
_BUDGET = timedelta(seconds=30)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    follow_up = FollowUp(sales_notifier(app))
    until, outcomes = app.clock.now() + _BUDGET, Counter[str]()

    def look(entries: Sequence[Mapping[str, Any]]) -> int:
        for number, entry in enumerate(entries):
            if number and app.clock.now() >= until:
                return number
            try:
                outcomes[follow_up.act(entry, app.clock.now())] += 1
            except (Invalid, NotFound) as error:  # a permanent failure must not block the other entries
                app.log.error("a due entry of sales cannot be done", extra={"why": str(error)})
                outcomes["failed"] += 1
        return len(entries)

    tick = dispatch(SALES, look, app.dispatcher_cache.cursors, app.clock.now())
    if outcomes:
        app.log.info("followed up", extra=dict(outcomes))
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}


handler = on_lambda(handle)
