"""Builds the notifier of sales, which two functions share."""

from sodate.runtime.app import App
from sodate.sales.notify import SalesNotifier


def sales_notifier(app: App) -> SalesNotifier:
    secrets = app.secrets
    return SalesNotifier(app.definitions, secrets.webhook_secret, secrets.feedback_links, app.deliver_webhook)
