"""Send queue: claim, render, one SES attempt, outcome. The claims reject a redelivered message."""

from collections import Counter
from contextlib import suppress
from typing import Any

from sodate.email.delivery.breaker_probe import send_probe
from sodate.email.delivery.message import batch_of, parse_message, transactionals_in
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.delivery.ses import SesMailer
from sodate.email.delivery.sweep import watch_transactionals
from sodate.email.delivery.transactional import TransactionalEmail, opt_in_composer
from sodate.email.events import report_coverage
from sodate.errors import Transient
from sodate.forms.opt_in_ceilings import OptInCeilings
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, Outcome, each_message
from sodate.runtime.metrics import Metric
from sodate.sales.handoff_email import handoff_composer
from sodate.scenarios.send_step import StepEmail


def handle(app: App, event: dict[str, Any]) -> Failures:
    clock, stage = app.clock, app.settings.stage
    began = clock.now()
    definitions, links = app.definitions, app.secrets.links()
    ses = SesMailer(app.aws.ses, app.settings.configuration_set)
    steps = StepEmail(definitions, links, stage, BatchSender(ses, clock.now, clock.sleep, app.new_id))
    composers = {
        "opt_in": opt_in_composer(definitions, links, stage),
        "handoff": handoff_composer(definitions, app.secrets.feedback_links, stage),
    }
    transactionals, outcomes = TransactionalEmail(composers, ses, clock.now, clock.sleep), Counter[str]()
    ceilings = OptInCeilings(definitions, app.secrets.key_of_address, clock.now)

    def act(body: str) -> Outcome:
        message = parse_message(body)
        match message["what"]:
            case "transactional":
                waits = ceilings.hold(message["lead_id"], message["send_id"])
                result = {waits: 1} if waits else transactionals.send(message["lead_id"], message["send_id"], began)
            case "probe":
                result = {send_probe(message, definitions, ses, stage, clock.now()): 1}
            case _:
                result = steps.send(batch_of(message), began)
        outcomes.update(result)
        return result

    if to_watch := transactionals_in(record["body"] for record in event["Records"]):
        watch_transactionals(to_watch, event["Records"][0]["messageId"], began)
    failures = each_message(app, event, act)
    app.metrics.count(Metric.SENDS_FAILED, outcomes["failed"] + outcomes["not_made"] + outcomes["rejected"])
    app.metrics.count(Metric.CIRCUIT_OPENED, outcomes["circuit_opened"])
    app.metrics.count(Metric.TRANSACTIONAL_DEFERRED, ceilings.outcomes["waits"] + ceilings.outcomes["over_ceiling"])
    app.metrics.count(Metric.TRANSACTIONAL_GUARD, min(1, ceilings.outcomes["guard"]))
    with suppress(Transient):  # a lost count only makes the sample of `report_coverage` smaller
        report_coverage.count_accepted(outcomes["accepted"], began)
    return failures


handler = on_lambda(handle)
