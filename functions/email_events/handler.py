"""SES → SNS → SQS: applies SES events to ledger and activity log; a hard bounce or complaint blocks the lead."""

from collections import Counter
from contextlib import suppress
from typing import Any

from sodate.email.events import report_coverage
from sodate.email.events.apply_event import Policy, apply_event
from sodate.email.events.event import EmailEvent, Ignored, parse_event
from sodate.email.events.record_engagement import Companions, Waits
from sodate.email.mailing import Mailing
from sodate.email.reputation import rates
from sodate.errors import NotFound, Transient
from sodate.playbook.store import DefinitionUnreadable, parsed
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.metrics import Metric


def policy(app: App) -> Policy:
    try:
        return Policy.of(parsed(app.definitions.live("mailing"), Mailing))
    except (NotFound, DefinitionUnreadable):  # a complaint blocks the lead without a playbook too
        return Policy()


def handle(app: App, event: dict[str, Any]) -> Failures:
    applied, outcome_counts = list[EmailEvent](), Counter[str]()
    probes = list[EmailEvent]()
    companions = Companions.among(record["body"] for record in event["Records"])

    def act(body: str) -> str:
        parsed_event = parse_event(body)
        if isinstance(parsed_event, Ignored):
            return parsed_event.reason
        outcome = apply_event(parsed_event, app.secrets.key_of_address, policy(app), app.clock.now(), companions)
        if isinstance(outcome, Waits):
            app.queues.deliver_event_again(body, outcome.seconds)
            outcome_counts["double"] += outcome.is_double
            return "waits"
        outcome_counts[outcome] += 1
        if outcome in ("applied", "double"):
            applied.append(parsed_event)
        elif outcome == "probe" and "lead_id" not in parsed_event.tags:  # probes of `sodate doctor` are no neighbours
            probes.append(parsed_event)
        return outcome

    failures = each_message(app, event, act)
    app.metrics.count(Metric.DUPLICATE_SENDS, outcome_counts["double"])
    try:
        rates.record_events(applied, app.clock.now())
    except Transient:
        app.metrics.count(Metric.RATES_NOT_COUNTED, len(applied))
    with suppress(Transient):  # a lost count only delays second attempts
        report_coverage.count_reported(report_coverage.taken_times([*applied, *probes]))
    return failures


handler = on_lambda(handle)
