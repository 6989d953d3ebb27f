"""Every minute: due digests, retries, escalations, expiries and recycling of sales signals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sodate.errors import Invalid, NotFound
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.settings import is_local
from sodate.sales.follow_up import FollowUp
from sodate.sales.notify import SalesNotifier
from sodate.scheduling.dispatch import dispatch
from sodate.scheduling.store import SALES

#: Chats may be slow; the next invocation processes the remaining entries.
_BUDGET = timedelta(seconds=30)


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    definitions, links = container.definitions(), container.feedback_links
    follow_up = FollowUp(SalesNotifier(definitions, container.webhook_secret, links, allow_private=is_local()))
    until, outcomes = clock.now() + _BUDGET, Counter[str]()

    def look(entries: Sequence[Mapping[str, Any]]) -> int:
        for number, entry in enumerate(entries):
            if number and clock.now() >= until:
                return number
            try:
                outcomes[follow_up.act(entry, clock.now())] += 1
            except (Invalid, NotFound) as error:  # a permanent failure must not block the other entries
                logger().error("a due entry of sales cannot be done", extra={"why": str(error)})
                outcomes["failed"] += 1
        return len(entries)

    tick = dispatch(SALES, look, container.dispatcher_cache().cursors, clock.now())
    if outcomes:
        logger().info("followed up", extra=dict(outcomes))
    return {"minutes": tick.minutes, "looked_at": tick.handed_over}
