"""Sends one batch of a run by the send protocol (`email.delivery.send_batch`).

Before it, the run is read once, and each lead must still belong to the audience.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sodate.broadcasts.advance import PAUSE_CHECK, RunAdvance
from sodate.broadcasts.audience import Candidate, left_out
from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.candidates import candidates_of
from sodate.broadcasts.cells import variant_of, with_variant
from sodate.broadcasts.run import Run, outdated
from sodate.broadcasts.source import BroadcastSource
from sodate.broadcasts.store import load_run, runs_removed
from sodate.broadcasts.variants import Variant
from sodate.consent.links import Links
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed
from sodate.email.content.template import Template
from sodate.email.delivery.broadcast_message import BroadcastBatch, BroadcastRun
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.eligibility.claim import skip
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import put_unless_settled, settled_step
from sodate.email.mailing import Mailing
from sodate.email.send_request import SendRequest
from sodate.errors import Transient
from sodate.experiments.store import find_decision
from sodate.leads.contact_state import ContactState
from sodate.leads.store import StateItem, find_state, state_key
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.scheduling import store as due

#: Marks of ended runs are removed when a lead has so many, so that the extra write is rare.
_SLACK = 4


@dataclass(frozen=True)
class BroadcastEmail:
    definitions: Definitions
    links: Links
    stage: str
    sender: BatchSender

    def act(self, message: BroadcastBatch | BroadcastRun, began: datetime) -> Counter[str]:
        """Number of leads per outcome, or the outcome of the run's task. `began`: when the invocation began."""
        if isinstance(message, BroadcastBatch):
            return self.send(message, began)
        outcome = RunAdvance(self.definitions, self.sender.now).advance(message, began)
        return Counter({f"run_{outcome}": 1})

    def send(self, batch: BroadcastBatch, began: datetime) -> Counter[str]:
        """Number of leads per outcome; the ledger stores the reasons. `began`: when the invocation began.

        Raises: `NotFound` when the run or a pinned version does not exist.
        """
        run, now = load_run(batch.broadcast, batch.occurrence), self.sender.now()
        if run.is_paused:
            due.plan(now + PAUSE_CHECK, due.BROADCAST, batch.id, batch, now)
            return Counter(paused=len(batch.leads))
        broadcast = parsed(self.definitions.version("broadcast", run.broadcast, run.version), Broadcast)
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        variant = variant_of(broadcast.experiment, _variant_id(run, batch, broadcast))
        email = self._email(run, broadcast, variant, mailing)
        source = BroadcastSource(run, batch, broadcast, email, self.stage, variant.id if broadcast.experiment else None)
        wanted, outcomes = [], Counter[str]()
        for candidate in candidates_of(batch.leads):
            state = candidate.state
            request = source.request(candidate.lead_id, state.zone if state else None)
            reason = Reason.BROADCAST_CANCELLED if run.state == "cancelled" else left_out(candidate, broadcast)
            if reason is None:
                wanted.append(request)
            else:
                outcomes.update(_skip(source, request, candidate, reason, now))
            if state is not None:
                _cut(state, now)
        return outcomes + self.sender.send(source, wanted, mailing, began) if wanted else outcomes

    def _email(self, run: Run, broadcast: Broadcast, variant: Variant, mailing: Mailing) -> MarketingEmail:
        name = variant.template or broadcast.template
        template = parsed(self.definitions.version("template", name, run.version_of(name)), Template)
        template = with_variant(template, variant)
        return MarketingEmail(template, broadcast.topic, mailing, self.links, variant.sender_name, broadcast.variables)


def _variant_id(run: Run, batch: BroadcastBatch, broadcast: Broadcast) -> str | None:
    """The decision is read for each batch, so that a person's choice holds from the next batch on.

    Raises: `Transient` while there is none.
    """
    if not batch.is_main or broadcast.experiment is None:
        return batch.cell
    decision = find_decision(run.experiment)
    if decision is not None:
        return decision.variant
    if run.state == "cancelled":
        return broadcast.experiment.default
    raise Transient(Message("{name}: its experiment is not decided yet", name=run.name))


def _skip(
    source: BroadcastSource, request: SendRequest, candidate: Candidate, reason: str, now: datetime
) -> dict[str, int]:
    """An email that was claimed before, by another delivery of the message, stays as it is."""
    item = source.ledger_item(request, now)
    if candidate.state is not None:
        if skip(item, source.advance(request), reason, now):
            return {"skipped": 1}
        if find_state(request.lead_id) is not None:
            return {"already_done": 1}
        reason = Reason.LEAD_ERASED
    put_unless_settled(settled_step(item, "skipped", reason, now))
    return {"skipped": 1}


def _cut(state: ContactState, now: datetime) -> None:
    marks = outdated(state.runs, now)
    if len(marks) >= _SLACK:
        with suppress(ConditionFailed, Transient):  # the next batch cuts
            table.update(state_key(state.lead_id), [runs_removed(marks)], StateItem.address_key.exists())
