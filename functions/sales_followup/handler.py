"""Every minute: due digests, retries, escalations, expiries and recycling of sales signals."""

from datetime import timedelta
from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.batch import poll_entries
from sodate.runtime.logs import logger
from sodate.runtime.settings import is_local
from sodate.sales.due_entries import SALES_ENTRIES
from sodate.sales.follow_up import FollowUp
from sodate.sales.notify import SalesNotifier
from sodate.scheduling.poller import EntryLane, give_up_or_raise
from sodate.scheduling.store import SALES

#: Chats may be slow; the next invocation processes the remaining entries.
_BUDGET = timedelta(seconds=30)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    definitions, links = container.definitions(), container.feedback_links
    follow_up = FollowUp(SalesNotifier(definitions, container.webhook_secret, links, allow_private=is_local()))
    lane = EntryLane(SALES, SALES_ENTRIES, follow_up.act, give_up_or_raise, _BUDGET)
    polled = poll_entries(lane, container.dispatcher_cache().cursors, clock.now)
    if polled.outcomes:
        logger().info("followed up", extra=dict(polled.outcomes))
    return polled.figures
