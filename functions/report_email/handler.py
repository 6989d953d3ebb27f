"""Every 15 minutes: sends the reports of `reports.yaml` that are due, to each recipient once per period."""

from typing import Any

from sodate.email.delivery.ses import SesMailer
from sodate.forms.quarantine_links import quarantine_url
from sodate.reports.from_counters import build_from_counters
from sodate.reports.send import ReportSender
from sodate.runtime.app import App, on_lambda
from sodate.runtime.metrics import Metric


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    clock, ses = app.clock, SesMailer(app.aws.ses, app.settings.configuration_set)
    sender = ReportSender(app.definitions, ses, build_from_counters, app.settings.stage, clock.now, clock.sleep)
    outcomes = sender.send_due(lambda now: quarantine_url(app.settings.public_url, app.secrets.signer(), now))
    app.metrics.count(Metric.REPORTS_FAILED, outcomes["rejected"] + outcomes["unknown"])
    if outcomes:
        app.log.info("reports", extra=dict(outcomes))
    return dict(outcomes)


handler = on_lambda(handle)
