"""Whole bad times of SES: a quarter of an hour without an answer, an hour in which it refuses everything; a burst
of posts. The real handlers on the simulated world, without any other fault.

A minute of the clock is one tick and everything that the queues hold. After a bad time every email must leave once.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.dynamodb import table
from sodate.dynamodb.item import encode
from sodate.email.delivery.message import LARGEST_BATCH, EnrollmentBatch, EnrollmentRef
from sodate.email.delivery.sweep import sweep
from sodate.email.delivery.watch import plan_watch
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import step_send
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import SILENT_CALLS, RateLimit
from sodate.scenarios.watch import StepWatch

from tests.fakes.queues import Queue
from tests.fakes.table import plain
from tests.simulation.cloud import Reports
from tests.simulation.world import SimulatedWorld

Json = dict[str, Any]
LEADS, POSTS, RATE = 300, 10_000, 100.0
OUTAGES = (Fault.SERVER_ERROR, Fault.TIMEOUT, Fault.RESET)
REFUSALS = (
    Fault.LIMIT_EXCEEDED, Fault.ACCOUNT_SUSPENDED, Fault.SENDING_PAUSED, Fault.MAIL_FROM_NOT_VERIFIED,
    Fault.IDENTITY_NOT_VERIFIED, Fault.CONFIGURATION_SET_MISSING, Fault.TOO_MANY_REQUESTS,
)  # fmt: skip
_OUTAGE, _REFUSAL = 15, 60
#: The timeout of email_sender (infra/catalog.py).
_TIMEOUT = timedelta(seconds=90)
#: The timeout of send_sweeper, and what one call of the table takes: slow, so that several runs are needed.
_SWEEPER_TIMEOUT, _CALL = timedelta(seconds=60), timedelta(milliseconds=150)
BACKLOG = 10_000


@dataclass
class Result:
    name: str
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


class Day:
    def __init__(self, world: SimulatedWorld) -> None:
        self.world, self.token, self.posted = world, "", 0
        self.longest = timedelta()
        world.ses.reports = Reports.TIMELY
        world.ses.simulator.account.max_send_rate = RATE
        world.ses.simulator.fault_for = lambda _: None

    def post(self, form: str, count: int) -> None:
        self.open_page(form)
        for _ in range(count):
            self.posted += 1
            body = {"email": f"p{self.posted}@d{self.posted}.example.jp", "name": "n", "title": "t", "agree": True}
            body |= {"_submission_id": f"bad-ses-{self.posted:07d}", "_token": self.token}
            route, path = "POST /forms/{form_id}/submissions", {"form_id": form}
            assert self.world.http("form_capture", route, path, json.dumps(body)) in (200, 201)

    def open_page(self, form: str) -> None:
        event = {"routeKey": "GET /forms/{form_id}", "pathParameters": {"form_id": form}, "headers": {}}
        shown = self.world.invoke("form_capture", event)
        assert shown is not None
        self.token = json.loads(shown["body"])["_token"]
        self.world.now += timedelta(seconds=30)

    def minute(self) -> None:
        world = self.world
        world.stream()
        world.table.history.clear()
        world.table.clear_images()
        world._read = dict.fromkeys(world._read, 0)
        world.bus.clear()
        started = world.now
        world.now += timedelta(minutes=1)
        world.tick()
        self.drain(world.sends)
        world.fetch_events(all_of_them=True)
        self.drain(world.events)
        world.trace.clear()
        world.now = max(world.now, started + timedelta(minutes=1))

    def drain(self, queue: Queue) -> None:
        for _ in range(2_000):
            ready = queue.ready()
            if not ready:
                return
            began = self.world.now
            queue.hand_over(ready[:10])
            self.longest = max(self.longest, self.world.now - began)

    def later(self, span: timedelta) -> None:
        """To the next minute that has something due, until the end."""
        end = self.world.now + span
        while self.world.now < end:
            following = self.world.next_due()
            if following is None:
                break
            if following > self.world.now + timedelta(minutes=1):
                self.world.now = min(end, following) - timedelta(minutes=1)
                self.world.skip_idle_minutes()
            self.minute()

    def sends(self, name: str) -> list[Json]:
        found = [plain({"M": i}) for i in self.world.table.items.values() if i["kind"] == {"S": "send"}]
        return [send for send in found if send["name"] == name]

    def first_steps(self) -> list[Json]:
        return [send for send in self.sends("step") if send["step"] == 0]


def bad_time(name: str, fault: Fault, minutes: int, leads: int = LEADS) -> Result:
    """The first email of every lead falls due while SES is bad."""
    result = Result(f"{name} {fault}")
    with pytest.MonkeyPatch.context() as patch:
        day = _day(patch)
        world, simulator = day.world, day.world.ses.simulator
        day.post("single", leads)
        simulator.fault_for = lambda _: fault
        for _ in range(minutes):
            day.minute()
        ambiguous = sum(send["state"] in ("sending", "unknown") for send in day.first_steps())
        consumed = sum(send["state"] in ("failed", "skipped") for send in day.first_steps())
        simulator.fault_for = lambda _: None
        resumed = 0
        while not _marketing(world) and resumed < 30:
            resumed += 1
            day.minute()
        for _ in range(15):
            day.minute()
        left = len({mail.recipient for mail in _marketing(world)})
        day.later(timedelta(hours=14))
        first = Counter(mail.recipient for mail in _marketing(world) if mail.tags["step"] == "s0")
        result.figures.update(
            {
                f"{name}_ambiguous_sends": ambiguous,
                f"{name}_consumed": consumed,
                f"{name}_minutes_to_resume": resumed,
                f"{name}_never_left": leads - len(first),
                f"{name}_doubles": sum(times > 1 for times in first.values()),
                f"{name}_sends": leads,
            }
        )
        worth = SILENT_CALLS * RateLimit(RATE).bulk_size if fault in OUTAGES else 0
        result.must(ambiguous <= worth, f"{ambiguous} sends met an ambiguous call, at most {worth} may")
        result.must(consumed == 0, f"{consumed} planned sends were consumed")
        # What SES throttles is planned again two minutes later, and leaves with the tick after that.
        result.must(
            resumed <= (3 if fault is Fault.TOO_MANY_REQUESTS else 2), f"sending resumed after {resumed} minutes"
        )
        result.must(left >= leads - ambiguous, f"{left} of {leads} had left a quarter of an hour later")
        result.must(len(first) == leads, f"{leads - len(first)} never left")
        result.must(not any(times > 1 for times in first.values()), "somebody got it twice")
        result.must(rate_limiter.load().stopped is None, "the breaker stays open")
    return result


def burst(posts: int = POSTS) -> Result:
    """As many posts at once: no sender outlives its timeout, and who has no opt-in email has a reason."""
    result = Result("burst")
    with pytest.MonkeyPatch.context() as patch:
        day = _day(patch)
        day.post("double", posts)
        for _ in range(10):
            day.minute()
        orders = day.sends("opt_in")
        silent = [send for send in orders if send["state"] == "planned" and not send.get("reason")]
        silent += [send for send in orders if send["state"] == "sending"]
        result.figures.update(
            {
                "burst_posts": posts,
                "burst_opt_in_emails": sum(send["state"] in ("sent", "delivered") for send in orders),
                "burst_waiting_with_a_reason": sum(send["state"] == "planned" for send in orders) - len(silent),
                "burst_over_timeout": int(day.longest > _TIMEOUT),
                "burst_without_email_or_reason": posts - len(orders) + len(silent),
            }
        )
        result.must(day.longest <= _TIMEOUT, f"an invocation took {day.longest}")
        result.must(len(orders) == posts and not silent, f"{posts - len(orders) + len(silent)} wait without a reason")
    return result


def backlog(sends: int = BACKLOG) -> Result:
    """So many attempts without an outcome fall due for the sweeper at once; each call of the table takes its time."""
    result = Result("sweeper")
    with pytest.MonkeyPatch.context() as patch:
        day = _day(patch)
        world, entries = day.world, sends // LARGEST_BATCH
        for number in range(entries):
            batch = EnrollmentBatch(
                "drip", 1, 0, tuple(EnrollmentRef(f"L{number}-{one}", "e") for one in range(LARGEST_BATCH))
            )
            for enrollment in batch.enrollments:
                send = step_send(batch.ref(enrollment), "mail", "news", world.now)
                send.state, send.rank = "sending", RANK["sending"]
                table.put_row(encode(send))
            plan_watch(StepWatch(batch, world.now), f"attempt-{number}", world.now)
        calls: Counter[str] = Counter()
        seen: Counter[str] = Counter()

        def slow(operation: str) -> None:
            calls[operation] += 1
            world.now += _CALL

        def swept(entry: StepWatch, now: datetime) -> int:
            seen[entry.batch.enrollments[0].lead_id] += 1
            before = calls.total()
            listed = sweep(entry, now)
            result.figures["sweeper_most_calls"] = max(result.figures["sweeper_most_calls"], calls.total() - before)
            return listed

        patch.setattr("functions.send_sweeper.handler.sweep", swept)
        world.table.refuse = slow
        world.now += timedelta(minutes=16)
        enrollments, longest = 0, timedelta()
        while len(seen) < entries and enrollments < 100:
            began = world.now
            world.invoke("send_sweeper", {})
            longest = max(longest, world.now - began)
            enrollments += 1
            world.now = began + timedelta(minutes=5)
        listed = sum(item["kind"] == {"S": "unknown"} for item in world.table.items.values())
        result.figures.update(
            {
                "sweeper_runs": enrollments,
                "sweeper_entries_repeated": sum(times > 1 for times in seen.values()),
                "sweeper_backlog_left": sends - listed,
            }
        )
        result.must(result.figures["sweeper_most_calls"] <= 4, "an entry took more than four calls")
        result.must(result.figures["sweeper_entries_repeated"] == 0, "an entry was swept again")
        result.must(listed == sends, f"{sends - listed} are not listed")
        result.must(longest < _SWEEPER_TIMEOUT, f"a run took {longest}")
    return result


def play(number: int, leads: int = LEADS, posts: int = POSTS) -> Result:
    """One of the bad times, by its number."""
    plays = [*(("outage", fault, _OUTAGE) for fault in OUTAGES), *(("refusal", fault, _REFUSAL) for fault in REFUSALS)]
    if number < len(plays):
        return bad_time(*plays[number], leads)
    return burst(posts) if number == len(plays) else backlog()


COUNT = len(OUTAGES) + len(REFUSALS) + 2


def _day(patch: pytest.MonkeyPatch) -> Day:
    return Day(SimulatedWorld(1, patch))


def _marketing(world: SimulatedWorld) -> list[Any]:
    return [mail for mail in world.ses.simulator.messages if mail.tags["purpose"] == "marketing"]
