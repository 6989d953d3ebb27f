"""SES → SNS → SQS: what became of a mail moves its ledger and the lead's log; a hard bounce or complaint stops mail."""

from collections import Counter
from contextlib import suppress
from typing import Any

from sodate.email.events import report_coverage
from sodate.email.events.apply_event import Policy, apply_event
from sodate.email.events.event import EmailEvent, Ignored, parse_event
from sodate.email.mailing import Mailing
from sodate.email.reputation import rates
from sodate.errors import NotFound, Transient
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
    applied, became = list[EmailEvent](), Counter[str]()
    probes = list[EmailEvent]()

    def act(body: str) -> str:
        told = parse_event(body)
        if isinstance(told, Ignored):
            return told.reason
        outcome = apply_event(told, container.key_of_address, policy(), clock.now())
        became[outcome] += 1
        if outcome in ("applied", "double"):
            applied.append(told)
        elif outcome == "probe" and "lead_id" not in told.tags:  # the doctor's own are nobody's neighbours
            probes.append(told)
        return outcome

    failures = each_message(event, act)
    count(Metric.DUPLICATE_SENDS, became["double"])
    try:
        rates.record_events(applied, clock.now())
    except Transient:
        count(Metric.RATES_NOT_COUNTED, len(applied))
    with suppress(Transient):  # too few are counted then, so later attempts wait longer
        report_coverage.count_reported(report_coverage.taken_times([*applied, *probes]))
    return failures
