"""Send queue: claim, render, one SES attempt, outcome. A redelivered message finds its claims taken."""

from typing import Any

from sodate.errors import Invalid
from sodate.mail.message import cohort_of, parse_message
from sodate.mail.notice import opt_in_composer, send_notice
from sodate.mail.ses import SesMailer
from sodate.mail.sweep import watch_notices
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Outcome, each_message
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

    def act(body: str) -> Outcome:
        message = parse_message(body)
        if message["what"] == "notice":
            return send_notice(message["lead_id"], message["send_id"], composers, ses, clock.now, clock.sleep)
        return steps.send(cohort_of(message), began)

    notices = [(m["lead_id"], m["send_id"]) for m in map(_read, event["Records"]) if m.get("what") == "notice"]
    if notices:
        watch_notices(notices, event["Records"][0]["messageId"], began)
    return each_message(event, act)


def _read(record: dict[str, Any]) -> dict[str, Any]:
    try:
        return parse_message(record["body"])
    except Invalid:
        return {}  # `act` meets it again and says why it cannot be read
