"""Edge cases of later attempts, and limits of the sweeper's time and calls."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.sweep import sweep
from sodate.email.delivery.watch import plan_watch
from sodate.email.ledger.store import fold_event, step_send
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import RateLimit
from sodate.errors import Transient
from sodate.playbook.store import Definitions, DefinitionUnreadable
from sodate.queries.explanation import explanation
from sodate.runtime.batch import each_entry
from sodate.runtime.readers import must_read
from sodate.scenarios.watch import StepWatch
from sodate.scheduling import store as due
from sodate.scheduling.message import MessageTypes
from sodate.scheduling.poller import EntryLane, put_back

from tests.functions.quick import QuickWorld
from tests.functions.test_send_protocol import due_step, second_attempts, step_mails, steps


def lost_attempt(world: QuickWorld) -> dict[str, Any]:
    """The ledger item of a step mail without an SES answer, listed as unknown."""
    records = due_step(world)
    world.ses.simulator.inject(Fault.TIMEOUT)
    world.call("email_sender", {"Records": records})
    world.advance(timedelta(minutes=30))
    (send,) = steps(world)
    assert send["state"] == "unknown"
    return send


def test_a_report_between_decision_and_claim_stops_the_attempt(world: QuickWorld) -> None:
    send = lost_attempt(world)
    lead_id, send_id = send["pk"].removeprefix("LEAD#"), send["sk"].removeprefix("SEND#")
    enrollment = EnrollmentRef(lead_id, send["enrollment_id"], world.now)
    body = EnrollmentBatch(send["sequence"], int(send["sequence_version"]), 0, (enrollment,), 2, "decided")
    assert fold_event(lead_id, send_id, "delivered", "late", None, world.now) == "applied"
    due.plan(world.now, due.STEP, "again", body, world.now)
    world.advance(timedelta(minutes=10))
    (again,) = second_attempts(world)
    assert (again["state"], again["reason"], step_mails(world)) == ("skipped", "earlier_attempt_settled", [])


def test_a_report_after_the_next_attempt_left_is_counted_once_as_a_double(world: QuickWorld) -> None:
    send = lost_attempt(world)
    world.advance(timedelta(hours=8))
    lead_id, send_id = send["pk"].removeprefix("LEAD#"), send["sk"].removeprefix("SEND#")
    assert len(second_attempts(world)) == 1
    assert fold_event(lead_id, send_id, "sent", "late", None, world.now) == "double"
    assert fold_event(lead_id, send_id, "delivered", "late", None, world.now) == "applied"
    assert fold_event(lead_id, send_id, "delivered", "late", None, world.now) == "repeat"
    assert steps(world)[0]["is_double"]
    (first,) = [
        mail
        for mail in explanation(Definitions(reads=must_read), lead_id, world.now)["mails"]
        if "twice" in mail["why"]
    ]
    assert first["state"] == "delivered"
    assert any(
        "attempt 2" in mail["why"] for mail in explanation(Definitions(reads=must_read), lead_id, world.now)["mails"]
    )


@pytest.mark.parametrize("where", ["sequence", "topic"])
def test_strict_is_never_attempted_again(world: QuickWorld, where: str) -> None:
    definitions = Definitions()
    if where == "sequence":
        body = definitions.live("sequence", "materials-follow-up").body
        definitions.publish("sequence", "materials-follow-up", {**body, "strict": True}, world.now)
    else:
        body = definitions.live("mailing").body
        topics = [{**topic, "strict": True} for topic in body["topics"]]
        definitions.publish("mailing", "default", {**body, "topics": topics}, world.now)
    lost_attempt(world)
    world.advance(timedelta(days=4))
    assert second_attempts(world) == []


def test_nothing_is_attempted_again_while_the_dead_letter_queue_contains_reports(world: QuickWorld) -> None:
    world.app.queues.has_event_letters = lambda: True
    lost_attempt(world)
    world.advance(timedelta(days=4))
    assert second_attempts(world) == []


def test_a_lead_that_left_gets_no_further_attempt(world: QuickWorld) -> None:
    from sodate.consent.unsubscribe import OptOut, unsubscribe

    send = lost_attempt(world)
    unsubscribe(OptOut(send["pk"].removeprefix("LEAD#"), "x", None, "one_click"), world.now)
    world.advance(timedelta(days=4))
    assert step_mails(world) == []


def test_a_reservation_reports_an_open_breaker(world: QuickWorld) -> None:
    rate_limiter.keep(RateLimit(14.0))
    assert rate_limiter.reserve(rate_limiter.load(), world.now).at is not None
    rate_limiter.open_breaker("sending_paused")
    slot = rate_limiter.reserve(RateLimit(14.0), world.now + timedelta(minutes=1))
    assert (slot.at, slot.stopped) == (None, "sending_paused")


def test_a_watch_entry_of_fifty_leads_takes_the_sweeper_four_calls(world: QuickWorld) -> None:
    lead = world.join("p@example.jp")
    (name,) = world.state(lead)["enrollments"]
    enrollment = world.state(lead)["enrollments"][name]
    batch = EnrollmentBatch(
        name, int(enrollment["v"]), 0, tuple(EnrollmentRef(f"L{n}", "e", world.now) for n in range(50))
    )
    for one in batch.enrollments:
        send = step_send(batch.ref(one), "mail", "news", world.now)
        send.state, send.rank = "sending", 10
        table.put_row(encode(send))
    entry = StepWatch(batch, world.now)
    plan_watch(entry, "attempt", world.now)
    calls: Counter[str] = Counter()
    world.table.refuse = lambda operation: calls.update([operation])
    assert sweep(entry, world.now + timedelta(minutes=15)) == 50
    assert calls.total() <= 4, calls
    assert len(world.items("unknown")) == 50


@dataclass(frozen=True)
class Numbered:
    number: int

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "Numbered":
        return cls(message["number"])


def lane_of_ten(act: Callable[[Numbered, datetime], str]) -> EntryLane[Numbered]:
    types = MessageTypes("due entry", "numbered", {"numbered": Numbered.parse})
    return EntryLane(due.WATCH, types, act, put_back, timedelta(seconds=40))


def process(world: QuickWorld, act: Callable[[Numbered, datetime], str]) -> tuple[int, Counter[str], list[int]]:
    """Number of entries taken, the outcomes, and the entries planned again."""
    entries = [{"v": 1, "what": "numbered", "number": number} for number in range(10)]
    outcomes = Counter[str]()
    taken = each_entry(world.app, lane_of_ten(act), entries, began=world.now, outcomes=outcomes)
    again = [json.loads(item["message"]) for item in world.items("due") if '"numbered"' in item["message"]]
    assert all(message["failures"] == 1 for message in again)
    return taken, outcomes, sorted(message["number"] for message in again)


def test_a_definition_that_this_release_cannot_read_does_not_stop_the_sweeper(world: QuickWorld) -> None:
    def act(entry: Numbered, now: datetime) -> str:
        if entry.number == 0:
            raise DefinitionUnreadable("written by a newer release")
        return "done"

    assert process(world, act) == (10, {"put_back": 1, "done": 9}, [0])


def test_a_sweeper_without_time_stops_after_its_last_entry_and_a_bad_entry_blocks_no_other(world: QuickWorld) -> None:
    def act(entry: Numbered, now: datetime) -> str:
        world.now += timedelta(seconds=6)
        if entry.number == 3:
            raise ValueError("a defect")
        return "done"

    assert process(world, act) == (7, {"put_back": 1, "done": 6}, [3])


def test_a_table_that_is_not_available_stops_the_sweeper_at_the_entry(world: QuickWorld) -> None:
    def act(entry: Numbered, now: datetime) -> str:
        if entry.number == 2:
            raise Transient("throttled")
        return "done"

    assert process(world, act) == (2, {"done": 2}, [])
