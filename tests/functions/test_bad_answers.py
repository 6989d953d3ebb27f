"""Edge cases of later attempts, and limits of the sweeper's time and calls."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.sweep import sweep, watch_batch
from sodate.email.ledger.store import fold_event, step_send
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import RateLimit
from sodate.playbook.store import Definitions, DefinitionUnreadable
from sodate.queries.explanation import explanation
from sodate.runtime.batch import each_entry
from sodate.runtime.readers import must_read
from sodate.scheduling import store as due

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
    body = EnrollmentBatch(send["sequence"], int(send["sequence_version"]), 0, (enrollment,), 2, "decided").message()
    assert fold_event(lead_id, send_id, "delivered", "late", None, world.now) == "applied"
    due.plan(world.now, due.STEP, "steps", "again", body, world.now)
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
    watch_batch(batch, "attempt", world.now, world.now)
    calls: Counter[str] = Counter()
    world.table.refuse = lambda operation: calls.update([operation])
    message = {**batch.message(), "what": "watch"}
    assert sweep(message, world.now + timedelta(minutes=15)) == 50
    assert calls.total() <= 4, calls
    assert len(world.items("unknown")) == 50


def test_a_definition_that_this_release_cannot_read_does_not_stop_the_sweeper(world: QuickWorld) -> None:
    done, later = list[str](), list[str]()

    def act(entry: Any) -> None:
        if entry["what"] == "look":
            raise DefinitionUnreadable("written by a newer release")
        done.append(entry["what"])

    entries = [{"what": "look"}, {"what": "watch"}]
    put_back = lambda entry: later.append(entry["what"])  # noqa: E731
    taken = each_entry(world.app, entries, act, put_back=put_back, has_time=lambda: True)
    assert (taken, done, later) == (2, ["watch"], ["look"])


def test_a_sweeper_without_time_stops_after_its_last_entry_and_a_bad_entry_blocks_no_other(world: QuickWorld) -> None:
    entries = [{"what": "watch", "number": number} for number in range(10)]
    done: list[int] = []
    later: list[int] = []

    def act(entry: Any) -> None:
        if entry["number"] == 3:
            raise ValueError("a defect")
        done.append(entry["number"])

    taken = each_entry(
        world.app, entries, act, put_back=lambda entry: later.append(entry["number"]), has_time=lambda: len(done) < 6
    )
    assert (taken, done, later) == (7, [0, 1, 2, 4, 5, 6], [3])
