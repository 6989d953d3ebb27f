"""A second source of email, a newsletter, built here without touching `sodate.email`: the protocol is enough for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Condition, Update
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.delivery.ses import OutgoingEmail, SesMailer
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.states import RANK, send_id
from sodate.email.ledger.store import SendItem, settled_step
from sodate.email.mailing import Mailing
from sodate.email.send_request import SendRequest
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, Enrollment, StepPosition
from sodate.leads.lead import Profile
from sodate.leads.store import StateItem, state_key, to_map
from sodate.playbook.store import Definitions, parsed

from tests.functions.quick import QuickWorld

TOPIC = "product-news"
MARK = to_map(Enrollment("sent", 1, 1, "2026-11-24T00:00:00.000Z", 1))


@dataclass
class Newsletter:
    """One issue to many leads, each once. STATE remembers it under the id of the issue."""

    issue: str
    mailing: Mailing
    topic: str = TOPIC
    ended: str = "issue_withdrawn"
    planned: list[tuple[str, datetime]] = field(default_factory=list)

    def request(self, lead_id: str, now: datetime) -> SendRequest:
        return SendRequest(lead_id, send_id(self.issue, lead_id), None, None, now + timedelta(days=1))

    @property
    def guard(self) -> Guard:
        return Guard(self._mark.does_not_exist(), [self._mark.set(MARK)])

    def parameters(self, request: SendRequest) -> dict[str, Any]:
        return {}

    def in_time_zone(self, request: SendRequest, time_zone: str | None) -> SendRequest:
        return request

    def position(self, state: ContactState, request: SendRequest) -> StepPosition:
        return "ahead" if self.issue in state.enrollments else "here"

    def still_wanted(self, request: SendRequest) -> Condition:
        return self._mark.exists()

    def advance(self, request: SendRequest) -> Update:
        return Update(state_key(request.lead_id), [self._mark.set(MARK)], self._mark.does_not_exist())

    def undo_claim(self, request: SendRequest) -> Update:
        return Update(state_key(request.lead_id), [self._mark.remove()], self._mark.exists())

    def ledger_item(self, request: SendRequest, now: datetime) -> SendItem:
        return SendItem(
            f"LEAD#{request.lead_id}", f"SEND#{request.send_id}", purpose="marketing", name="newsletter",
            state="planned", rank=RANK["planned"], topic=self.topic, planned_at=now.isoformat(),
        )  # fmt: skip

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        sent = settled_step(self.ledger_item(request, planned), "sent", None, now)
        sent.message_id = message_id
        return encode(sent)

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        if profile is None:
            raise NotFound("no lead")
        tags = {"send_id": request.send_id, "lead_id": request.lead_id, "purpose": "marketing"}
        return OutgoingEmail(
            profile.mailbox, self.mailing.sender, subject=self.issue, html="<p>x</p>", text="x", tags=tags, headers={}
        )

    def plan(self, requests: Sequence[SendRequest], at: datetime, now: datetime) -> None:
        self.planned += [(request.lead_id, at) for request in requests]

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Nothing follows an issue."""

    def watch(self, requests: Sequence[SendRequest], name: str, began: datetime, now: datetime) -> None:
        """Not swept here."""

    @property
    def _mark(self) -> Any:
        return StateItem.enrollments[self.issue]


@pytest.fixture
def newsletter(world: QuickWorld) -> Newsletter:
    return Newsletter("issue-1", parsed(Definitions().live("mailing"), Mailing))


def send(world: QuickWorld, newsletter: Newsletter, *leads: str) -> dict[str, int]:
    ses = SesMailer(lambda: world.ses, "sodate-test")
    sender = BatchSender(ses, lambda: world.now, lambda _: None, lambda: "attempt")
    requests = [newsletter.request(lead, world.now) for lead in leads]
    return dict(+sender.send(newsletter, requests, newsletter.mailing, world.now))


def issues(world: QuickWorld, address: str) -> list[Any]:
    return [message for message in world.mails_to(address) if message.subject == "issue-1"]


def test_it_is_sent_once_per_lead_whatever_is_repeated(world: QuickWorld, newsletter: Newsletter) -> None:
    lead = world.join("taro@example.jp")
    assert send(world, newsletter, lead) == {"accepted": 1}
    assert send(world, newsletter, lead) == {"already_done": 1}
    assert len(issues(world, "taro@example.jp")) == 1
    world.settle()
    (stored,) = [item for item in world.items("send") if item["name"] == "newsletter"]
    assert stored["state"] == "delivered"


def test_consent_caps_and_hours_apply_to_it(world: QuickWorld, newsletter: Newsletter) -> None:
    lead, gone = world.join("taro@example.jp"), world.join("hanako@example.jp")
    unsubscribe(OptOut(gone, "x", None, "one_click"), world.now)
    assert send(world, newsletter, lead, gone, "nobody") == {"accepted": 1, "skipped": 2}
    reasons = {item["pk"]: item.get("reason") for item in world.items("send") if item["name"] == "newsletter"}
    assert reasons == {
        f"LEAD#{lead}": None,
        f"LEAD#{gone}": "blocked:unsubscribed",
        "LEAD#nobody": "lead_erased",
    }
    world.now = world.now.replace(hour=18)  # 3:00 in Japan
    other = world.join("jiro@example.jp")
    assert send(world, newsletter, other) == {"put_off": 1}
    assert [lead_id for lead_id, _ in newsletter.planned] == [other]


def test_a_throttled_one_is_released_and_comes_again(world: QuickWorld, newsletter: Newsletter) -> None:
    lead = world.join("taro@example.jp")
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS)
    assert send(world, newsletter, lead) == {"deferred": 1}
    assert newsletter.planned == [(lead, world.now)]
    assert send(world, newsletter, lead) == {"accepted": 1}
    assert len(issues(world, "taro@example.jp")) == 1
