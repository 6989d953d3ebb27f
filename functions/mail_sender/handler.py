"""Send queue: claim, render, one SES attempt, outcome. A redelivered message finds its claim taken and does nothing."""

from typing import Any

from sodate.mail.message import attempts, parse_message
from sodate.mail.notice import opt_in_composer, send_notice
from sodate.mail.ses import SesMailer
from sodate.mail.sweep import watch
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.settings import setting
from sodate.sales.handoff_mail import handoff_composer
from sodate.scenarios.send_step import StepMail


def act(body: str) -> str:
    message = parse_message(body)
    definitions, links, stage = container.definitions(), container.links(), container.stage()
    ses = SesMailer(container.ses_client, setting("SODATE_CONFIGURATION_SET"))
    if message["what"] == "step":
        return StepMail(definitions, links, ses, stage).send(message, clock.now())
    composers = {
        "opt_in": opt_in_composer(definitions, links, stage),
        "handoff": handoff_composer(definitions, stage),
    }
    return send_notice(message["lead_id"], message["send_id"], composers, ses, clock.now())


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    sends = attempts(record["body"] for record in event["Records"])
    if sends:
        watch(sends, event["Records"][0]["messageId"], clock.now())
    return each_message(event, act)
