"""Dispatcher and rate limiter keep the limits of SES; urgent email goes first; a stopped account gets one probe."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.email.delivery.breaker_probe import MAILBOX_SIMULATOR
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter, rates
from sodate.email.reputation.account import Account
from sodate.email.reputation.guards import Counts
from sodate.email.reputation.rate_limiter import PATIENCE, SANDBOX_RATE, SILENCE, SILENT_CALLS, RateLimit
from sodate.email.reputation.sending_limits import sending_limits
from sodate.playbook.store import Definitions
from sodate.scheduling import store as due

from tests.functions.quick import QuickWorld

SECOND = timedelta(seconds=1)


def marketing(world: QuickWorld) -> list[Any]:
    return [m for m in world.ses.simulator.messages if m.tags["purpose"] == "marketing"]


def due_leads(world: QuickWorld, count: int) -> None:
    """`count` leads whose first step is due this minute."""
    for number in range(count):
        world.join(f"p{number}@example.jp")
        world.now += SECOND
    world.now += timedelta(days=1)
    due.skip_idle_of(world._buckets(), world.now - timedelta(minutes=1))


def a_minute_later(world: QuickWorld) -> None:
    world.now += timedelta(minutes=1)
    world.tick()


@pytest.mark.parametrize("rate", [1.0, 3.0, 5.0, 14.0, 45.0, 50.0, 90.0, 200.0, 999.0, 1000.0, 5000.0])
def test_slots_keep_every_second_within_the_rate_and_use_most_of_it(rate: float) -> None:
    rate_limit = RateLimit(rate)
    in_a_second = -(-SECOND // rate_limit.slot) * rate_limit.bulk_size
    assert in_a_second <= rate
    assert rate_limit.bulk_size / rate_limit.slot.total_seconds() >= (0.95 if rate != 3.0 else 0.94) * rate * 0.97
    assert 1 <= rate_limit.bulk_size <= 50


def test_slots_of_many_senders_never_overlap(world: QuickWorld) -> None:
    rate_limit = RateLimit(14.0)
    slots = [rate_limiter.reserve(rate_limit, world.now).at for _ in range(30)]
    assert slots == sorted(slots)  # type: ignore[type-var]
    assert {later - earlier for earlier, later in pairwise(slots)} == {rate_limit.slot}  # type: ignore[operator]
    world.now += timedelta(minutes=1)
    first = rate_limiter.reserve(rate_limit, world.now).at
    assert first is not None and timedelta() < first - world.now < timedelta(milliseconds=100)


def test_a_sender_that_would_wait_too_long_gets_no_slot(world: QuickWorld) -> None:
    rate_limit = RateLimit(SANDBOX_RATE)
    slots = [rate_limiter.reserve(rate_limit, world.now).at for _ in range(20)]
    given = [slot for slot in slots if slot is not None]
    assert len(given) in range(10, 13)
    assert max(given) <= world.now + PATIENCE + rate_limit.slot
    assert rate_limiter.load().is_saturated(world.now)


def test_a_tick_hands_over_a_minute_of_email_and_the_rest_stays(world: QuickWorld) -> None:
    """At two per second: as many as a minute has slots, spread over the minute; the next tick continues after them."""
    count, first = 300, world.join("p@example.jp")
    state = world.table.items[f"LEAD#{first}", "STATE"]
    (sequence,) = state["enrollments"]["M"]
    at = world.now + timedelta(minutes=5)
    for number in range(count):
        enrollment = EnrollmentRef(f"L{number:04d}", "e", world.now)
        batch = EnrollmentBatch(sequence, 1, 0, (enrollment,))
        due.plan(at, due.STEP, batch.id, batch, world.now)
    world.ses.simulator.account.max_send_rate = 2
    released: list[tuple[int, int]] = []
    world.app.queues.enqueue = lambda messages, delay: released.extend((len(m["leads"]), delay) for m in messages)
    world.now = at
    due.skip_idle_of(world._buckets(), at - timedelta(minutes=1))
    ticks = []
    for _ in range(3):
        released.clear()
        world.call("step_mail_dispatch", {})
        ticks.append((sum(leads for leads, _ in released), max(delay for _, delay in released)))
        world.now += timedelta(minutes=1)
    assert [leads for leads, _ in ticks] == [116, 116, 68]
    assert all(50 <= delay < 60 for _, delay in ticks[:2])


def test_a_change_of_the_rate_is_followed_by_the_next_tick(world: QuickWorld) -> None:
    for rate in (14.0, 200.0, 1.0):
        world.ses.simulator.account.max_send_rate = rate
        a_minute_later(world)
        assert rate_limiter.load().rate == rate


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("sending_enabled", "sending_paused"),
        ("suspended", "account_suspended"),
        ("max_24_hour_send", "quota_exhausted"),
    ],
)
def test_a_stopped_account_is_probed_once_a_minute_and_resumes_automatically(
    world: QuickWorld, how: str, why: str
) -> None:
    due_leads(world, 4)
    account, healthy = world.ses.simulator.account, getattr(world.ses.simulator.account, how)
    setattr(account, how, {"sending_enabled": False, "suspended": True, "max_24_hour_send": 0}[how])
    before = world.ses.simulator.calls
    for _ in range(20):
        a_minute_later(world)
    assert marketing(world) == []
    assert rate_limiter.load().stopped == why
    assert world.ses.simulator.calls - before <= 1, "no sender claims or sends while the account is stopped"
    setattr(account, how, healthy)
    a_minute_later(world)
    assert marketing(world) == [], "a probe shows first whether SES accepts email again"
    assert len(world.mails_to(MAILBOX_SIMULATOR)) == 1
    assert rate_limiter.load().stopped is None
    for _ in range(20):
        a_minute_later(world)
    assert len(marketing(world)) == len({m.recipient for m in marketing(world)}) == 4
    assert world.items("unknown") == []


def test_an_account_that_stops_during_sending_loses_no_email(world: QuickWorld) -> None:
    """GetAccount reports no problem, but SES rejects email: one probe a minute, and in the end all emails are sent."""
    due_leads(world, 5)
    world.ses.simulator.inject(Fault.SENDING_PAUSED, times=8)
    calls = []
    for _ in range(40):
        before = world.ses.simulator.calls
        a_minute_later(world)
        calls.append(world.ses.simulator.calls - before)
    assert max(calls[1:8]) == 1, "no email but the probe is at risk while SES rejects email"
    assert len(marketing(world)) == 5
    assert {m.recipient for m in marketing(world)} == {f"p{n}@example.jp" for n in range(5)}


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.TIMEOUT])
def test_calls_without_an_answer_open_the_breaker_and_the_rest_waits(world: QuickWorld, fault: Fault) -> None:
    due_leads(world, 25)
    world.ses.simulator.fault_for = lambda _: fault
    for _ in range(15):
        a_minute_later(world)
    assert rate_limiter.load().stopped == SILENCE
    size = RateLimit(world.ses.simulator.account.max_send_rate).bulk_size
    unclear = [item for item in world.items("send") if item["state"] in ("sending", "unknown")]
    assert len(unclear) <= SILENT_CALLS * size
    world.ses.simulator.fault_for = lambda _: None
    a_minute_later(world)
    assert rate_limiter.load().stopped is None
    a_minute_later(world)
    a_minute_later(world)
    assert len(marketing(world)) >= 25 - SILENT_CALLS * size - 1, "two minutes after SES answers again"
    world.advance(timedelta(hours=10))
    assert len(marketing(world)) == len({m.recipient for m in marketing(world)}) == 25


def test_silent_calls_count_only_in_a_row(world: QuickWorld) -> None:
    world.ses.simulator.account.max_send_rate = 14
    due_leads(world, 12)
    faults = iter([Fault.TIMEOUT, Fault.TIMEOUT, None] * 100)
    world.ses.simulator.fault_for = lambda _: next(faults)
    for _ in range(30):
        a_minute_later(world)
    assert rate_limiter.load().stopped is None
    assert len(marketing(world)) == 4


def test_transactional_email_goes_first_and_a_held_sender_still_sends_them(world: QuickWorld) -> None:
    due_leads(world, 3)
    rates.record(Counts(delivered=900, bounced=100), world.now)
    mailing = Mailing.model_validate(Definitions().live("mailing").body)
    assert mailing.guards.at_least <= 1000
    world.post({"email": "new@example.jp", "name": "n", "company": "c", "title": "部長", "agree": True})
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS)
    world.settle()
    for _ in range(6):
        a_minute_later(world)
    assert len(world.mails_to("new@example.jp")) == 1
    assert marketing(world) == []
    assert "bounce_rate" in str(rate_limiter.load().hold_reason)


def test_a_new_senders_ramp_is_a_ceiling_for_marketing_only(world: QuickWorld) -> None:
    definitions = Definitions()
    body = definitions.live("mailing").body
    ramp = {"start": world.now.date().isoformat(), "first_day": 5, "daily_growth": 1.5, "until": 1000}
    definitions.publish("mailing", "default", {**body, "warm_up": ramp}, world.now)
    due_leads(world, 10)
    for _ in range(5):
        a_minute_later(world)
    # The ceiling is compared with SES's own count of the last 24 hours, which includes opt-in emails.
    first_day = len(marketing(world))
    assert first_day <= 7
    for _ in range(3):
        world.advance(timedelta(days=1))
    assert len({m.recipient for m in marketing(world)}) == 10


@pytest.mark.parametrize(
    ("time_zone", "ceiling"), [("Asia/Tokyo", 20), ("UTC", 10), ("America/Los_Angeles", 10), ("Pacific/Auckland", 20)]
)
def test_the_days_of_a_ramp_are_those_of_the_sender(world: QuickWorld, time_zone: str, ceiling: int) -> None:
    """At 20:00 UTC of the first day it is the second day in Japan."""
    body = Definitions().live("mailing").body
    ramp = {"start": "2026-11-24", "first_day": 10, "daily_growth": 2, "until": 1000}
    mailing = Mailing.model_validate({**body, "sender": {**body["sender"], "time_zone": time_zone}, "warm_up": ramp})
    account = Account(rate=14, sent=0, left=None, stopped=None)
    limits, _ = sending_limits(mailing, account, datetime(2026, 11, 24, 20, tzinfo=UTC))
    assert limits.left == ceiling


def test_priorities_are_served_in_order(world: QuickWorld) -> None:
    assert [lane.name for lane in due.SENDING] == ["transactional", "step", "broadcast"]
    world.join("a@example.jp")
    definitions = Definitions()
    body = definitions.live("sequence", "materials-follow-up").body
    definitions.publish("sequence", "materials-follow-up", {**body, "priority": "broadcast"}, world.now)
    world.new_process()
    world.join("b@example.jp")
    lanes = {
        item["pk"].split("#")[2].rstrip("0123456789") for item in world.items("due") if '"steps"' in item["message"]
    }
    assert lanes == {"step", "broadcast"}
