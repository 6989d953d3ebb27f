"""Writes the outcomes of a batch to the ledger, and counts them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sodate.dynamodb import table
from sodate.dynamodb.item import Row, encode
from sodate.email.delivery.ses import Answer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.ledger.store import deferred_step, put_unless_settled, settled_step
from sodate.email.operator_lists.store import failed_item
from sodate.email.send_request import SendRequest, SendSource


@dataclass
class OutcomeRecorder:
    """`counts`: requests per outcome. `unclear`: claimed, and the outcome is unknown; the watch entry keeps them."""

    source: SendSource
    counts: Counter[str] = field(default_factory=Counter)
    unclear: list[SendRequest] = field(default_factory=list)

    def skipped(self, request: SendRequest, reason: str, now: datetime) -> None:
        put_unless_settled(settled_step(self.source.ledger_item(request, now), "skipped", reason, now))
        self.counts["skipped"] += 1

    def planned(self, request: SendRequest, reason: str, outcome: str | None, now: datetime) -> None:
        """The request comes again; `outcome` None: the caller counts it."""
        put_unless_settled(deferred_step(self.source.ledger_item(request, now), reason))
        if outcome is not None:
            self.counts[outcome] += 1

    def failed(self, request: SendRequest, reason: str, planned: datetime, now: datetime) -> list[Row]:
        """Items for the ledger and for the list of failed sends, not written yet."""
        failed = settled_step(self.source.ledger_item(request, planned), "failed", reason, now)
        return [encode(failed), encode(failed_item(request.lead_id, failed.send_id, now))]

    def answered(self, answers: Sequence[tuple[SendRequest, Answer]], planned: datetime, now: datetime) -> None:
        """Only the winner of a claim writes here; an event of SES is retried while the item is missing or planned."""
        rows: list[Row] = []
        for request, answer in answers:
            if answer.verdict == Verdict.DEFERRED:
                continue
            self.counts[answer.verdict.value] += 1
            if answer.verdict == Verdict.ACCEPTED:
                rows.append(self.source.sent_row(request, str(answer.message_id), planned, now))
            elif answer.verdict == Verdict.REJECTED:
                rows += self.failed(request, str(answer.reason), planned, now)
            else:
                sending = settled_step(self.source.ledger_item(request, planned), "sending", answer.reason, now)
                rows.append(encode(sending))
                self.unclear.append(request)
        table.put_many(rows)
