"""A second source of email, a newsletter, built here without touching `sodate.email`: the protocol is enough for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from ses_simulator.errors import Fault
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.dynamodb import keys
from sodate.dynamodb.item import encode
from sodate.dynamodb.table import Condition, Update
from sodate.email.delivery.send_batch import BatchSender
from sodate.email.delivery.ses import OutgoingEmail, SesMailer
from sodate.email.delivery.sweep import sweep
from sodate.email.delivery.watch import TRANSACTIONAL, TransactionalWatch, WatchedSend, by_source, plan_watch
from sodate.email.eligibility.store import Guard
from sodate.email.ledger.states import RANK, STEP, send_id
from sodate.email.ledger.store import SendItem, settled_step
from sodate.email.mailing import Mailing
from sodate.email.send_request import SendRequest
from sodate.errors import NotFound
from sodate.leads.contact_state import ContactState, Enrollment, StepPosition
from sodate.leads.lead import Profile
from sodate.leads.store import StateItem, state_key, to_map
from sodate.playbook.store import Definitions, parsed
from sodate.runtime.batch import poll_entries
from sodate.scenarios.watch import StepWatch
from sodate.scheduling import store as due
from sodate.scheduling.message import MessageTypes, Parser
from sodate.scheduling.poller import EntryLane, put_back

from tests.functions.quick import QuickWorld

TOPIC = "product-news"
MARK = to_map(Enrollment("sent", 1, 1, "2026-11-24T00:00:00.000Z", 1))


@dataclass(frozen=True)
class NewsletterWatch:
    """The watch entry of an issue. A newsletter is never attempted again: its unknown sends stay on the list."""

    what: ClassVar[str] = "watch"
    issue: str
    leads: tuple[str, ...]
    began: datetime

    def to_message(self) -> dict[str, Any]:
        named = {"source": "newsletter", "issue": self.issue, "to": list(self.leads)}
        return {"v": 1, "what": self.what, **named, "began": self.began.isoformat()}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "NewsletterWatch":
        return cls(message["issue"], tuple(message["to"]), datetime.fromisoformat(message["began"]))

    def sends(self) -> list[WatchedSend]:
        return [
            WatchedSend(lead, send_id(self.issue, lead), (keys.lead(lead), keys.STATE), None) for lead in self.leads
        ]

    def is_claimed(self, send: WatchedSend, item: Mapping[str, Any]) -> bool:
        return self.issue in item.get("enrollments", {})

    def ledger_item(self, send: WatchedSend, now: datetime) -> SendItem:
        return newsletter_item(send.lead_id, send.send_id, now)

    def check(self, unclear: Sequence[tuple[WatchedSend, Mapping[str, Any]]], now: datetime) -> None:
        return None


def newsletter_item(lead_id: str, send: str, now: datetime) -> SendItem:
    return SendItem(
        keys.lead(lead_id), keys.send(send), purpose="marketing", name="newsletter", state="planned",
        rank=RANK["planned"], topic=TOPIC, planned_at=now.isoformat(),
    )  # fmt: skip


@dataclass
class Newsletter:
    """One issue to many leads, each once. STATE remembers it under the id of the issue."""

    issue: str
    mailing: Mailing
    topic: str = TOPIC
    ended: str = "issue_withdrawn"
    skips_over_cap: bool = False
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
        return newsletter_item(request.lead_id, request.send_id, now)

    def sent_row(self, request: SendRequest, message_id: str, planned: datetime, now: datetime) -> dict[str, Any]:
        sent = settled_step(self.ledger_item(request, planned), "sent", None, now)
        sent.message_id = message_id
        return encode(sent)

    def compose(self, request: SendRequest, profile: Profile | None, now: datetime) -> OutgoingEmail:
        if profile is None:
            raise NotFound("no lead")
        tags = {"send_id": request.send_id, "lead_id": request.lead_id, "purpose": "marketing"}
        tags["name"] = "newsletter"
        return OutgoingEmail(
            profile.mailbox, self.mailing.sender, subject=self.issue, html="<p>x</p>", text="x", tags=tags, headers={}
        )

    def retry_at(self, request: SendRequest, now: datetime) -> datetime | None:
        return None

    def after_failure(self, requests: Sequence[SendRequest], now: datetime) -> None: ...

    def plan(self, requests: Sequence[SendRequest], at: datetime, now: datetime) -> None:
        self.planned += [(request.lead_id, at) for request in requests]

    def plan_successors(self, requests: Sequence[SendRequest], now: datetime) -> None:
        """Nothing follows an issue."""

    def watch(self, requests: Sequence[SendRequest], name: str, began: datetime, now: datetime) -> None:
        plan_watch(NewsletterWatch(self.issue, tuple(request.lead_id for request in requests), began), name, now)

    @property
    def _mark(self) -> Any:
        return StateItem.enrollments[self.issue]


@pytest.fixture
def newsletter(world: QuickWorld) -> Newsletter:
    return Newsletter("issue-1", parsed(Definitions().live("mailing"), Mailing))


def send(world: QuickWorld, newsletter: Newsletter, *leads: str) -> dict[str, int]:
    ses = SesMailer(lambda: world.ses, "sodate-test")
    sender = BatchSender(ses, lambda: world.now, lambda _: None, lambda: "-".join(leads))
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


# -- the sweeper -------------------------------------------------------------------------------------------------------

Swept = TransactionalWatch | StepWatch | NewsletterWatch


def swept(world: QuickWorld) -> dict[str, int]:
    """What the sweeper does when it knows this source too."""
    parse: Parser[Swept] = by_source(
        {TRANSACTIONAL: TransactionalWatch.parse, STEP: StepWatch.parse, "newsletter": NewsletterWatch.parse}
    )
    types = MessageTypes("due entry", "watch", {"watch": parse}, (1, 2))
    lane = EntryLane(due.WATCH, types, lambda entry, now: {"unknown": sweep(entry, now)}, put_back, timedelta(1))
    return dict(poll_entries(world.app, lane).outcomes)


def newsletters(world: QuickWorld) -> dict[str, str]:
    return {item["pk"]: item["state"] for item in world.items("send") if item["name"] == "newsletter"}


def begin_sweeping(world: QuickWorld) -> None:
    due.move_cursor(due.WATCH, world.now)


def test_one_without_an_answer_is_swept(world: QuickWorld, newsletter: Newsletter) -> None:
    lost, sent = world.join("taro@example.jp"), world.join("hanako@example.jp")
    begin_sweeping(world)
    world.ses.simulator.inject(Fault.TIMEOUT)
    assert send(world, newsletter, lost) == {"ambiguous": 1}
    assert send(world, newsletter, sent) == {"accepted": 1}
    world.now += timedelta(minutes=16)
    assert swept(world) == {"unknown": 1}
    assert newsletters(world) == {f"LEAD#{lost}": "unknown", f"LEAD#{sent}": "sent"}
    assert len(world.items("unknown")) == 1
    assert not [item for item in world.items("due") if '"look"' in item["message"]]


class Crash(BaseException):
    """The process is gone."""


def send_and_crash(world: QuickWorld, newsletter: Newsletter, lead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SES accepts the email, and the sender is gone before it writes the ledger item."""

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Newsletter, "sent_row", crash)
        with pytest.raises(Crash):
            send(world, newsletter, lead)


def test_one_whose_sender_crashed_after_the_claim_is_swept(
    world: QuickWorld, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, never_claimed = world.join("taro@example.jp"), world.join("hanako@example.jp")
    begin_sweeping(world)
    send_and_crash(world, newsletter, lead, monkeypatch)
    newsletter.watch([newsletter.request(never_claimed, world.now)], "other", world.now, world.now)
    assert newsletters(world) == {}
    world.now += timedelta(minutes=16)
    assert swept(world) == {"unknown": 1}
    assert newsletters(world) == {f"LEAD#{lead}": "unknown"}


def test_an_event_of_one_without_a_ledger_item_creates_it_under_the_name_of_its_source(
    world: QuickWorld, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.join("taro@example.jp")
    send_and_crash(world, newsletter, lead, monkeypatch)
    world.now += timedelta(minutes=5)
    world.settle()
    assert newsletters(world) == {f"LEAD#{lead}": "delivered"}


def test_the_sweeper_of_a_release_without_this_source_puts_its_entry_back(
    world: QuickWorld, newsletter: Newsletter
) -> None:
    lead = world.join("taro@example.jp")
    begin_sweeping(world)
    send(world, newsletter, lead)
    world.now += timedelta(minutes=16)
    assert world.call("send_sweeper", {})["put_back"] == 1
