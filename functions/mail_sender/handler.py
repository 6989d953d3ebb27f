"""Send queue: claim, render, one SES attempt, outcome. A redelivered message finds its claims taken."""

from collections import Counter
from datetime import datetime
from typing import Any

from sodate.errors import Invalid, Transient
from sodate.mail import report_coverage
from sodate.mail.breaker_probe import send_probe
from sodate.mail.message import cohort_of, parse_message
from sodate.mail.notice import NoticeMail, opt_in_composer
from sodate.mail.sender import Mailing
from sodate.mail.ses import SesMailer
from sodate.mail.sweep import watch_notices
from sodate.playbook.store import parsed
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Outcome, each_message
from sodate.runtime.logs import logger
from sodate.runtime.metrics import Metric, count
from sodate.runtime.settings import setting
from sodate.sales.handoff_mail import handoff_composer
from sodate.scenarios.send_step import StepMail

#: Outcomes of sends that end as `failed` in the ledger.
_FAILED = ("failed", "not_made", "rejected")


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_lean_table()
    began, stage = clock.now(), container.stage()
    definitions, links = container.definitions(), container.links()
    ses = SesMailer(container.ses_client, setting("SODATE_CONFIGURATION_SET"))
    steps = StepMail(definitions, links, ses, stage, clock.now, clock.sleep, container.new_id)
    composers = {
        "opt_in": opt_in_composer(definitions, links, stage),
        "handoff": handoff_composer(definitions, container.feedback_links, stage),
    }
    notices = NoticeMail(composers, ses, clock.now, clock.sleep)
    outcomes = Counter[str]()

    def act(body: str) -> Outcome:
        message = parse_message(body)
        if message["what"] == "notice":
            became = notices.send(message["lead_id"], message["send_id"], began)
        elif message["what"] == "probe":
            sender = parsed(definitions.live("mailing"), Mailing).sender
            became = {send_probe(message, sender, ses, stage, clock.now()): 1}
        else:
            became = steps.send(cohort_of(message), began)
        outcomes.update(became)
        return became

    to_watch = [(m["lead_id"], m["send_id"]) for m in map(_read, event["Records"]) if m.get("what") == "notice"]
    if to_watch:
        watch_notices(to_watch, event["Records"][0]["messageId"], began)
    failures = each_message(event, act)
    _report(outcomes, began)
    return failures


def _report(outcomes: Counter[str], began: datetime) -> None:
    if failed := sum(outcomes[word] for word in _FAILED):
        count(Metric.SENDS_FAILED, failed)
    if outcomes["circuit_opened"]:
        count(Metric.CIRCUIT_OPENED, outcomes["circuit_opened"])
    try:
        report_coverage.count_accepted(outcomes["accepted"], began)
    except Transient as error:  # too few accepted emails are counted: later attempts are decided on a smaller sample
        logger().warning("accepted emails not counted", extra={"emails": outcomes["accepted"], "why": str(error)})


def _read(record: dict[str, Any]) -> dict[str, Any]:
    try:
        return parse_message(record["body"])
    except Invalid:
        return {}  # `act` meets it again and says why it cannot be read
