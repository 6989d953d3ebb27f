"""Every minute: due digests, retries, escalations, expiries and recycling of sales signals."""

from datetime import timedelta
from typing import Any

from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import poll_entries
from sodate.runtime.notifier import sales_notifier
from sodate.sales.due_entries import SALES_ENTRIES
from sodate.sales.follow_up import FollowUp
from sodate.scheduling.poller import EntryLane, give_up_or_raise
from sodate.scheduling.store import SALES

#: Chats may be slow; the next invocation processes the remaining entries.
_BUDGET = timedelta(seconds=30)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    follow_up = FollowUp(sales_notifier(app))
    lane = EntryLane(SALES, SALES_ENTRIES, follow_up.act, give_up_or_raise, _BUDGET)
    polled = poll_entries(app, lane)
    if polled.outcomes:
        app.log.info("followed up", extra=dict(polled.outcomes))
    return polled.figures


handler = on_lambda(handle)
