"""SES → SNS → SQS: what became of a mail moves its ledger and the lead's log; a hard bounce or complaint stops mail."""

from typing import Any

from sodate.mail.apply_event import apply_event
from sodate.mail.events import Ignored, parse_event
from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, each_message


def act(body: str) -> str:
    event = parse_event(body)
    if isinstance(event, Ignored):
        return event.reason
    return apply_event(event, container.key_of_address, clock.now())


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    return each_message(event, act)
