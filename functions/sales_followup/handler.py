"""Every minute: due digests, retries, escalations, expiries and recycling of sales signals; webhooks of scenarios."""

from datetime import timedelta
from typing import Any

from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import poll_entries
from sodate.runtime.metrics import Metric
from sodate.runtime.notifier import sales_notifier, webhook_poster
from sodate.sales.due_entries import SALES_ENTRIES
from sodate.sales.follow_up import FollowUp
from sodate.scenarios.due_entry import WEBHOOK_POSTS
from sodate.scenarios.post_webhook import WebhookPosts
from sodate.scheduling.poller import EntryLane, give_up_or_raise, put_back
from sodate.scheduling.store import SALES, WEBHOOK

#: Chats may be slow; the next invocation processes the remaining entries.
_BUDGET, _WEBHOOK_BUDGET = timedelta(seconds=30), timedelta(seconds=20)


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    follow_up = FollowUp(sales_notifier(app))
    lane = EntryLane(SALES, SALES_ENTRIES, follow_up.act, give_up_or_raise, _BUDGET)
    polled = poll_entries(app, lane)
    posts = WebhookPosts(app.definitions, webhook_poster(app))
    webhooks = poll_entries(app, EntryLane(WEBHOOK, WEBHOOK_POSTS, posts.act, put_back, _WEBHOOK_BUDGET)).outcomes
    app.metrics.count(Metric.WEBHOOKS_FAILED, webhooks["webhook_failed"])
    if polled.outcomes or webhooks:
        app.log.info("followed up", extra=dict(polled.outcomes + webhooks))
    return {**polled.figures, **webhooks}


handler = on_lambda(handle)
