"""Send queue: claim, render, one SES attempt, outcome. The claims reject a redelivered message."""

from collections import Counter
from typing import Any

from sodate.broadcasts.send_batch import BroadcastEmail
from sodate.email.delivery.breaker_probe import send_probe
from sodate.email.delivery.broadcast_message import BroadcastBatch, BroadcastRun
from sodate.email.delivery.message import SEND_MESSAGES, Probe, TransactionalSend
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.delivery.ses import SesMailer
from sodate.email.delivery.transactional import TransactionalEmail
from sodate.email.delivery.watch import watch_transactionals
from sodate.email.events import report_coverage
from sodate.forms.opt_in_ceilings import OptInCeilings
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.composers import composers
from sodate.runtime.metrics import Metric
from sodate.scenarios.send_step import StepEmail
from sodate.scheduling.poller import Outcome


def handle(app: App, event: dict[str, Any]) -> Failures:
    clock, definitions, links, stage = app.clock, app.definitions, app.secrets.links(), app.settings.stage
    ses, began = SesMailer(app.aws.ses, app.settings.configuration_set), clock.now()
    parts = definitions, links, stage, BatchSender(ses, clock.now, clock.sleep, app.new_id)
    steps, broadcasts = StepEmail(*parts), BroadcastEmail(*parts)
    composed = composers(app)
    transactionals, outcomes = TransactionalEmail(composed, ses, clock.now, clock.sleep), Counter[str]()
    ceilings = OptInCeilings(definitions, app.secrets.key_of_address, clock.now)
    messages = SEND_MESSAGES.parse_bodies(record["body"] for record in event["Records"])

    def act(body: str) -> Outcome:
        match message := messages.get(body) or SEND_MESSAGES.parse_body(body):
            case TransactionalSend(lead, send):
                result = {waits: 1} if (waits := ceilings.hold(lead, send)) else transactionals.send(lead, send, began)
            case Probe():
                result = {send_probe(message, definitions, ses, stage, clock.now()): 1}
            case BroadcastBatch() | BroadcastRun():
                result = dict(broadcasts.act(message, began))
            case _:
                result = dict(steps.act(message, began))
        outcomes.update(result)
        return result

    to_watch = [message for message in messages.values() if isinstance(message, TransactionalSend)]
    watch_transactionals(to_watch, event["Records"][0]["messageId"], began)
    failures = each_message(app, event, act)
    app.metrics.count(Metric.SENDS_FAILED, sum(outcomes[one] for one in ("failed", "not_made", "rejected")))
    app.metrics.count(Metric.ENTRIES_WAITING, outcomes["entry_waiting"])
    app.metrics.count(Metric.CIRCUIT_OPENED, outcomes["circuit_opened"])
    app.metrics.count(Metric.TRANSACTIONAL_DEFERRED, ceilings.outcomes["waits"] + ceilings.outcomes["over_ceiling"])
    app.metrics.count(Metric.TRANSACTIONAL_GUARD, min(1, ceilings.outcomes["guard"]))
    report_coverage.count_accepted(outcomes["accepted"], began)
    return failures


handler = on_lambda(handle)
