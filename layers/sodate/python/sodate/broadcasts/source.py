"""A batch of a run as a source of email: its part of the claim, its due entries, its ledger attributes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sodate.broadcasts.broadcast import Broadcast
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import has_no_run, has_run, run_added, runs_removed
from sodate.broadcasts.watch import BroadcastWatch, broadcast_send
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Condition, Update
from sodate.email.delivery.broadcast_message import BroadcastBatch
from sodate.email.delivery.marketing_email import MarketingEmail
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.delivery.watch import plan_watch
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.states import BROADCAST
from sodate.email.ledger.store import SendItem, settled_step
from sodate.email.send_request import SendRequest
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, StepPosition
from sodate.leads.lead import Profile
from sodate.leads.store import state_key
from sodate.messages import Message
from sodate.scheduling import store as due


@dataclass(frozen=True)
class RunClaim:
    """The claim of an email of a run: STATE has no mark of the run, and gets one."""

    run: Run

    @property
    def guard(self) -> Guard:
        return Guard(has_no_run(self.run.mark), [run_added(self.run.mark)])

    def parameters(self, request: SendRequest) -> dict[str, Any]:
        return {}

    def in_time_zone(self, request: SendRequest, time_zone: str | None) -> SendRequest:
        return replace(request, time_zone=time_zone)

    def position(self, state: ContactState, request: SendRequest) -> StepPosition:
        return "ahead" if self.run.mark in state.runs else "here"

    def still_wanted(self, request: SendRequest) -> Condition:
        return has_run(self.run.mark)

    def advance(self, request: SendRequest) -> Update:
        return Update(state_key(request.lead_id), [run_added(self.run.mark)], has_no_run(self.run.mark))

    def undo_claim(self, request: SendRequest) -> Update:
        return Update(state_key(request.lead_id), [runs_removed([self.run.mark])], has_run(self.run.mark))


@dataclass(frozen=True)
class BroadcastSource(RunClaim):
    """`request.reference` is not used: a lead has one email of the run. `variant`: of all leads of the batch."""

    batch: BroadcastBatch
    broadcast: Broadcast
    email: MarketingEmail
    stage: str
    variant: str | None = None
    ended: str = Reason.BROADCAST_CANCELLED
    skips_over_cap: bool = False

    @property
    def topic(self) -> str:
        return self.broadcast.topic

    def request(self, lead_id: str, time_zone: str | None) -> SendRequest:
        """Never later than the end of the run, after which its mark may be removed from STATE."""
        valid_until = self.batch.at + timedelta(hours=self.broadcast.valid_hours)
        if self.run.ends is not None:
            valid_until = min(valid_until, datetime.fromisoformat(self.run.ends))
        return SendRequest(lead_id, self.run.send_id(lead_id), None, time_zone, valid_until)

    def ledger_item(self, request: SendRequest, now: datetime) -> SendItem:
        return broadcast_send(self.run, request.lead_id, self.email.template.id, self.topic, now, self.variant)

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        sent = settled_step(self.ledger_item(request, planned), "sent", None, now)
        sent.message_id, sent.sent_at = message_id, sent.settled_at
        return encode(sent)

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        if profile is None:
            raise NotFound(Message("lead {lead_id} does not exist (any more)", lead_id=request.lead_id))
        tags = {
            "send_id": request.send_id,
            "lead_id": request.lead_id,
            "purpose": "marketing",
            "name": BROADCAST,
            "broadcast": self.broadcast.id,
            "stage": self.stage,
        }
        return self.email.compose(profile, request.send_id, tags, now)

    def retry_at(self, request: SendRequest, now: datetime) -> datetime | None:
        return None

    def after_failure(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Nothing follows."""

    def plan(self, requests: Iterable[SendRequest], at: datetime, now: datetime) -> None:
        back = self.batch.of(request.lead_id for request in requests)
        if back.leads:
            due.plan(at, due.BROADCAST, back.id, back, now)

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Nothing follows: the next run is planned when this one begins."""

    def watch(self, requests: Iterable[SendRequest], name: str, began: datetime, now: datetime) -> None:
        leads = tuple(request.lead_id for request in requests)
        plan_watch(BroadcastWatch(self.run, self.run.mark, leads, began), name, now)
