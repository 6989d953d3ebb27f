"""SES → SNS → SQS: what became of a mail moves its ledger and the lead's log; a hard bounce or complaint stops mail."""

from typing import Any

from sodate.errors import NotFound, Transient
from sodate.mail import rates
from sodate.mail.apply_event import Policy, apply_event
from sodate.mail.events import Ignored, MailEvent, parse_event
from sodate.mail.sender import Mailing
from sodate.playbook.store import DefinitionUnreadable, parsed
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.metrics import Metric, count


def policy() -> Policy:
    try:
        return Policy.of(parsed(container.definitions().live("mailing"), Mailing))
    except (NotFound, DefinitionUnreadable):  # a complaint stops mail whatever the playbook says
        return Policy()


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_lean_table()
    applied = list[MailEvent]()

    def act(body: str) -> str:
        told = parse_event(body)
        if isinstance(told, Ignored):
            return told.reason
        became = apply_event(told, container.key_of_address, policy(), clock.now())
        if became == "applied":
            applied.append(told)
        return became

    failures = each_message(event, act)
    try:
        rates.record(rates.tally(applied), clock.now())
    except Transient:
        count(Metric.RATES_NOT_COUNTED, len(applied))
    return failures
