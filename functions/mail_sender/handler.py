"""Send queue: claim, render, one SES attempt, outcome. A redelivered message finds its claims taken."""

from typing import Any

from sodate.errors import Invalid
from sodate.forms.opt_in_ceilings import OptInCeilings
from sodate.mail.message import cohort_of, parse_message
from sodate.mail.notice import opt_in_composer, send_notice
from sodate.mail.ses import SesMailer
from sodate.mail.sweep import watch_notices
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Outcome, each_message
from sodate.runtime.metrics import Metric, count
from sodate.runtime.settings import setting
from sodate.sales.handoff_mail import handoff_composer
from sodate.scenarios.send_step import StepMail


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

    ceilings = OptInCeilings(definitions, container.key_of_address, clock.now)

    def act(body: str) -> Outcome:
        message = parse_message(body)
        if message["what"] == "notice":
            if outcome := ceilings.hold(message["lead_id"], message["send_id"]):
                return outcome
            return send_notice(message["lead_id"], message["send_id"], composers, ses, clock.now, clock.sleep)
        return steps.send(cohort_of(message), began)

    notices = [(m["lead_id"], m["send_id"]) for m in map(_read, event["Records"]) if m.get("what") == "notice"]
    if notices:
        watch_notices(notices, event["Records"][0]["messageId"], began)
    failures = each_message(event, act)
    if deferred := ceilings.outcomes["waits"] + ceilings.outcomes["over_ceiling"]:
        count(Metric.TRANSACTIONAL_DEFERRED, deferred)
    if ceilings.outcomes["guard"]:
        count(Metric.TRANSACTIONAL_GUARD, 1)
    return failures


def _read(record: dict[str, Any]) -> dict[str, Any]:
    try:
        return parse_message(record["body"])
    except Invalid:
        return {}  # `act` meets it again and says why it cannot be read
