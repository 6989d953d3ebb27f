"""Builds the notifier of sales, which two functions share, and what posts the webhooks of scenarios."""

from collections.abc import Mapping
from typing import Any

from sodate.runtime.app import App
from sodate.sales.notify import SalesNotifier
from sodate.sales.webhook import sign
from sodate.scenarios.post_webhook import Post


def sales_notifier(app: App) -> SalesNotifier:
    secrets = app.secrets
    return SalesNotifier(app.definitions, secrets.webhook_secret, secrets.feedback_links, app.deliver_webhook)


def webhook_poster(app: App) -> Post:
    """Signed with the key of the stage's webhooks, which the receiver of the sales webhook has too."""

    def post(url: str, message_id: str, payload: Mapping[str, Any]) -> None:
        secret = app.secrets.webhook_secret()
        app.deliver_webhook(sign(url, message_id, dict(payload), secret, app.clock.now()))

    return post
