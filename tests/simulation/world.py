"""Sodate in a world that can die anywhere: the real handlers, a memory table, queues, a stream, SES and one clock.

Everything random comes from one seed, so a history can be played again.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError
from ses_simulator.envelopes import sqs_event_of
from sodate.dynamodb import keys
from sodate.dynamodb.table import Table
from sodate.email.delivery.dispatcher import DispatcherCache
from sodate.email.ledger.states import RANK
from sodate.errors import Transient
from sodate.playbook.store import Definitions
from sodate.runtime.app import App
from sodate.runtime.clock import Clock
from sodate.runtime.readers import must_read
from sodate.runtime.settings import Settings
from sodate.scheduling import store as due

from tests.fakes.queues import Queue, Surroundings, as_json
from tests.fakes.table import MemoryTable
from tests.simulation.cloud import Aws, Ses
from tests.simulation.fault_profile import MOST_RECEIVES, REPEATS, VISIBILITY, Crash, fuse
from tests.simulation.playbook import DEFINITIONS, TOPIC

Json = dict[str, Any]
T = TypeVar("T")
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PUBLIC_URL = "https://m.example.jp"
_SCORED = {"activity"}
_PUBLISHED = {"submission", "consent", "state", "score", "send", "signal"}
#: SES event → the state that its send has at least. An open or click says only that the mail went out.
_LEDGER_EVENTS = {
    "Send": "sent",
    "Open": "sent",
    "Click": "sent",
    "DeliveryDelay": "delayed",
    "Bounce": "soft_bounced",
    "Delivery": "delivered",
}


@dataclass(frozen=True)
class Fate:
    """What befalls one invocation: it dies at a point, or somebody else acts at one. Points count from 1."""

    dies_at: int = 0
    acts_at: int = 0
    act: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Stop:
    """A lead was promised that no email follows. `began` and `at`: length of the table's history before and after."""

    lead_id: str
    why: str
    began: int
    at: int


#: Lanes that somebody reads in this world. The counters of KPIs have a simulation of their own (`kpi_days`).
LANES = tuple(lane for lane in due.LANES if lane is not due.KPI)


class SimulatedWorld:
    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rng = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.now = START
        self.is_rough = False
        self.trace: list[str] = []
        self.table = MemoryTable()
        self.table.point = self.point
        self.table.clock = lambda: self.now
        self.table.is_stale = lambda: self.happens(0.2)
        self.table.repeat = lambda what: self._mishap(f"{what}, its answer lost, asked again", 0.01)
        self.table.leave_over = lambda _: self._mishap("a part of the batch left over", 0.03)
        self.table.refuse = self._throttle
        self.fuse = 0
        self.meanwhile: tuple[int, Callable[[], object]] | None = None
        #: Asked before each invocation that is not inside another one.
        self.fate: Callable[[], Fate] = self._rough_fate
        self.points = 0
        self.stops: list[Stop] = []
        self.dispatcher_outages: list[tuple[datetime, datetime]] = []
        #: When the dispatcher ran, and how many changes the table had seen by then.
        self.ticks: list[tuple[datetime, int]] = []
        #: Send → the least rank that its ledger item must have, by the SES events that were processed.
        self.reported: dict[str, int] = {}
        self.interleaved = 0
        self.dead_letters: list[Json] = []
        self.bus: list[Json] = []
        self.hot: list[Json] = []
        self.webhooks: list[str] = []
        self.signing_keys = [{"id": "k1", "key": "key 1", "created": "2026-01-01T00:00:00.000Z"}]
        self._read = {"scoring": 0, "event_publisher": 0}
        self._ids = 0
        self._inside = 0
        self.around = around = Surroundings(
            lambda: self.now, self.rng, lambda function, event: self.invoke(function, event), VISIBILITY, MOST_RECEIVES,
            lambda: self.happens(REPEATS), lambda: len(self.table.history), self.acted_on,
        )  # fmt: skip
        self.sends, self.events = Queue("email_sender", around), Queue("email_events", around)
        #: By their URL.
        self.queues = {"send": self.sends, "events": self.events}
        self.ses = Ses(self, seed)
        self._wire(monkeypatch)
        self._publish()
        self.tick()  # the schedules run from the day of the deployment on

    def snapshot(self) -> dict[str, Any]:
        """Everything that an invocation can change. Items are never changed in place, so flat copies do."""
        simulator, table = self.ses.simulator, self.table
        return {
            "now": self.now,
            "items": dict(table.items),
            "partitions": table.partitions.copy(),
            "history": len(table.history),
            "queues": [([dict(m) for m in q.waiting], list(q.done), q.sent) for q in (self.sends, self.events)],
            "messages": len(simulator.messages),
            "suppressed": dict(simulator.suppressed),
            "outbox": list(simulator._outbox._waiting),
            "open_ended": self.ses.open_ended.copy(),
            "read": dict(self._read),
            "account": replace(simulator.account),
            "reported": dict(self.reported),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        simulator, table = self.ses.simulator, self.table
        self.now, self._read = snapshot["now"], dict(snapshot["read"])
        table.items, table.partitions = dict(snapshot["items"]), snapshot["partitions"].copy()
        del table.history[snapshot["history"] :]
        table.clear_images()
        for queue, (waiting, done, sent) in zip((self.sends, self.events), snapshot["queues"], strict=True):
            queue.waiting, queue.done, queue.dead = [dict(message) for message in waiting], list(done), []
            queue.sent = sent
        del simulator.messages[snapshot["messages"] :]
        simulator.suppressed, simulator._outbox._waiting = dict(snapshot["suppressed"]), list(snapshot["outbox"])
        simulator.account = replace(snapshot["account"])
        simulator._quota = type(simulator._quota)(simulator.account)
        self.reported = dict(snapshot["reported"])
        self.app.dispatcher_cache = DispatcherCache()
        self.ses.open_ended = snapshot["open_ended"].copy()
        self.ses.in_flight.clear()
        for log in (self.stops, self.dead_letters, self.bus, self.hot, self.trace):
            log.clear()

    # -- running ---------------------------------------------------------------------------------------------------

    def happens(self, share: float) -> bool:
        return self.is_rough and self.rng.random() < share

    def point(self, label: str) -> None:
        """A labelled place between two effects: here the process may die, or somebody else may act."""
        self.points += 1
        if self.meanwhile is not None:
            left, act = self.meanwhile
            self.meanwhile = (left - 1, act) if left > 1 else None
            if left <= 1:
                self._let_act(act, label)
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                self.trace.append(f"  crash {label}")
                raise Crash(label)

    def _let_act(self, act: Callable[[], object], label: str) -> None:
        outer, self.fuse = self.fuse, 0
        self.trace.append(f"  meanwhile at {label}")
        stops = len(self.stops)
        act()
        self.interleaved += len(self.stops) - stops
        self.fuse = outer

    def _mishap(self, label: str, share: float) -> bool:
        found = self._inside > 0 and self.happens(share)
        if found:
            self.trace.append(f"  {label}")
        return found

    def _throttle(self, operation: str) -> ClientError | None:
        if self._mishap(f"{operation} throttled", 0.003):
            return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
        return None

    def _rough_fate(self) -> Fate:
        if not self.is_rough:
            return Fate()
        dies_at = fuse(self.rng)
        if self._inside or self.rng.random() >= 0.2:
            return Fate(dies_at)
        return Fate(dies_at, self.rng.randint(1, 16), self.act_meanwhile)

    def invoke(self, function: str, event: Json) -> Json | None:
        """None when the process died or raised: AWS then knows nothing of what it did."""
        answer = self.run(function, lambda: _handle(function)(self.app, event) or {})
        if answer is not None:
            self.trace.append(f"  {json.dumps(answer, sort_keys=True)[:120]}")
        return answer

    def run(self, process: str, act: Callable[[], T]) -> T | None:
        """What a process does, with its fate. None when it died or raised."""
        outer = self.fuse, self.meanwhile
        fate = self.fate()
        self.fuse, self.meanwhile = fate.dies_at, (fate.acts_at, fate.act) if fate.acts_at else None
        self.trace.append(f"{self.now:%d %H:%M} {process}")
        self._inside += 1
        try:
            return act()
        except Crash:
            self.new_process()
            return None
        except Exception as error:  # noqa: BLE001  whatever it is, Lambda would only see a failed invocation
            self.trace.append(f"  {type(error).__name__}: {error}"[:160])
            return None
        finally:
            self._inside -= 1
            self.fuse, self.meanwhile = outer

    def act_meanwhile(self) -> None:
        """Replaced by the driver: what another person or process does in the middle of an invocation."""

    def await_a_lost_answer(self) -> None:
        """It shows after a second, or at the read timeout; SES may report on the email before."""
        if self.is_rough:
            self.now += timedelta(seconds=self.rng.choice((1, 30)))
            if self.rng.random() < 0.5:
                self._let_act(self.ses_events, "an answer that is lost")

    def http(
        self, function: str, route: str, path: Json, body: str | None = None, kind: str = "application/json"
    ) -> int:
        event = {"routeKey": route, "pathParameters": path, "headers": {"content-type": kind}, "body": body}
        answer = self.invoke(function, event)
        return int(answer["statusCode"]) if answer else 500

    def press(self, page: str, token: str, lead_id: str, body: str) -> int:
        """A button of the unsubscribe page or the preference centre. From a 200 on, who left has our word."""
        began = len(self.table.history)
        kind = "application/x-www-form-urlencoded"
        status = self.http("consent_pages", f"POST /{page}/{{token}}", {"token": token}, body, kind)
        is_new = len(self.table.history) > began  # a page sent as it was shown says no second no
        if status == 200 and (page == "unsubscribe" or body == "do=stop" or (body == "shown=news" and is_new)):
            self.stops.append(Stop(lead_id, "left", began, len(self.table.history)))
        return status

    def acted_on(self, queue: Queue, body: str, began: int) -> None:
        """A message was finished. An SES event that stops a lead has stopped it from here on."""
        if queue is not self.events:
            return
        event = as_json(as_json(body).get("Message", "")) or as_json(body)
        tags = {name: values[0] for name, values in event.get("mail", {}).get("tags", {}).items()}
        rank = _LEDGER_EVENTS.get(event.get("eventType", ""))
        if rank is not None and "send_id" in tags:
            self.reported[tags["send_id"]] = max(RANK[rank], self.reported.get(tags["send_id"], 0))
        dead = event.get("bounce", {}).get("bounceType") == "Permanent"
        angry = event.get("complaint", {}).get("complaintFeedbackType", "not-spam") != "not-spam"
        if (dead or angry) and tags.get("name") != "handoff":
            self.stops.append(Stop(tags["lead_id"], "lost", began, len(self.table.history)))

    def is_mailable(self, lead_id: str) -> bool:
        state = self.table.items.get((keys.lead(lead_id), keys.STATE), {})
        confirmed = state.get("topics", {}).get("M", {}).get(TOPIC, {}).get("S") == "confirmed"
        return confirmed and "S" not in state.get("blocked", {})

    def rotate_keys(self) -> None:
        """The newest key first, the older ones stay active; functions notice it after a while: here at once."""
        number = len(self.signing_keys) + 1
        self.signing_keys.insert(0, {"id": f"k{number}", "key": f"key {number}", "created": keys.stamp(self.now)})
        self.new_process()

    # -- what AWS does ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        self.ticks.append((self.now, len(self.table.history)))
        self.invoke("step_mail_dispatch", {})
        self.invoke("send_sweeper", {})
        self.invoke("score_decay", {})
        self.invoke("sales_followup", {})

    def stream(self) -> bool:
        return any([self._stream_to("scoring"), self._stream_to("event_publisher")])

    def rewind_stream(self, writes: int) -> None:
        """Old records come again, as by `sodate dlq redrive`."""
        self._read["scoring"] = max(0, self._read["scoring"] - writes)

    def _stream_to(self, function: str) -> bool:
        begin, end = self._read[function], len(self.table.history)
        if begin == end:
            return False
        if self.happens(0.1):
            begin = max(0, begin - self.rng.randint(1, 10))
        wanted = [record for n in range(begin, end) if (record := self._record(n, function)) is not None]
        answer = self.invoke(function, {"Records": wanted}) if wanted else {"batchItemFailures": []}
        if answer is not None and not answer["batchItemFailures"]:
            self._read[function] = max(end, self._read[function])
        return True

    def _record(self, number: int, function: str) -> Json | None:
        key, old, new = self.table.history[number]
        kind = (new or old or {}).get("kind", {}).get("S")
        wanted = (kind in _SCORED and old is None) or kind == "profile" if function == "scoring" else kind in _PUBLISHED
        if new is None or not wanted:
            return None
        images = {"NewImage": new} | ({"OldImage": old} if old else {})
        body = {"Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}}, "SequenceNumber": str(number), **images}
        return {"eventName": "MODIFY" if old else "INSERT", "dynamodb": body}

    def hand_over(self) -> bool:
        for event in [event for event in self.bus if event["DetailType"] == "LeadBecameHot"]:
            self.bus.remove(event)
            self.hot.append(event)
        for event in list(self.hot):
            detail = {"detail-type": event["DetailType"], "detail": json.loads(event["Detail"])}
            if self.invoke("sales_handoff", detail) is not None and event in self.hot:
                self.hot.remove(event)
        return bool(self.hot)

    def ses_events(self, *, all_of_them: bool = False) -> bool:
        self.fetch_events(all_of_them=all_of_them)
        return self.events.deliver()

    def fetch_events(self, *, all_of_them: bool = False) -> None:
        for event in self.ses.simulator.take_events(all_of_them=all_of_them):
            (record,) = sqs_event_of([event], self.now)["Records"]
            self.events.send(record["body"])

    def next_due(self) -> datetime | None:
        """The first minute that a cursor has not passed yet."""
        ahead = [minute for lane in LANES for minute in self._ahead_of(lane)]
        return keys.minute_start(min(ahead)) if ahead else None

    def skip_idle_minutes(self) -> None:
        """Reading a minute that holds nothing does nothing, so long waits need not read each of them."""
        for lane in LANES:
            first = min([*self._ahead_of(lane), keys.minute(self.now)])
            stop = keys.minute_start(first) - 2 * timedelta(minutes=1)
            if keys.minute(stop) > self._read_until(lane) and "partly" not in self._cursor(lane):
                due.move_cursor(lane, stop)

    def _ahead_of(self, lane: due.Lane) -> list[str]:
        """Minutes with entries behind the cursor, as the keys write them: their order is that of time."""
        read, begin, end = self._read_until(lane), len(keys.DUE), len(keys.DUE) + len("20261124T0200")
        return [
            pk[begin:end]
            for pk, count in self.table.partitions.items()
            if count and pk.startswith(lane.name, end + 1) and pk.startswith(keys.DUE) and pk[begin:end] > read
        ]

    def _read_until(self, lane: due.Lane) -> str:
        return str(self._cursor(lane).get("minute", {}).get("S", ""))

    def _cursor(self, lane: due.Lane) -> Json:
        return self.table.items.get((keys.cursor(lane.name), keys.POSITION), {})

    # -- wiring ----------------------------------------------------------------------------------------------------

    def _wire(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = {
            "AWS_DEFAULT_REGION": "ap-northeast-1",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            "POWERTOOLS_SERVICE_NAME": "simulation",
            "SODATE_STAGE": "local",
            "SODATE_TABLE": "sodate-sim",
            "SODATE_BUS": "bus",
            "SODATE_ANNOUNCE_ROUTINE": "on",
            "SODATE_SEND_QUEUE_URL": "send",
            "SODATE_REPLAY_QUEUE_URL": "replay",
            "SODATE_DEAD_LETTER_URL": "dead",
            "SODATE_EVENTS_QUEUE_URL": "events",
            "SODATE_EVENT_DEAD_LETTER_URL": "event-dead",
            "SODATE_SIGNING_KEYS_SECRET": "signing",
            "SODATE_ADDRESS_KEY_SECRET": "address",
            "SODATE_WEBHOOK_SECRET": "webhook",
            "SODATE_CAPTCHA_SECRET": "captcha",
            "SODATE_PUBLIC_URL": PUBLIC_URL,
            "SODATE_CONFIGURATION_SET": "sim",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        self._settings = Settings(settings)
        self._clients = _Clients(Aws(self), self)
        Table("sodate-sim", self.table).use()
        self.new_process()
        self._skip_empty_minutes(monkeypatch)

    def new_process(self) -> App:
        """A new process has no definitions, secrets or cursors of another."""
        clock = Clock(self.read_clock, self._sleep, pause=lambda attempt: None, wall_seconds=time.time)
        self.app = app = App(self._settings, clock, self._clients)
        app.definitions = Definitions(reads=must_read, on_unreadable=app.report_unreadable, pointer_seconds=1e9)
        app.new_id = self._new_id
        app.deliver_webhook = lambda post: self.answer_webhook(post)
        return app

    def read_clock(self) -> datetime:
        return self.now

    def _skip_empty_minutes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A bucket that holds nothing answers so at once: most of them do, and a query through all layers is dear."""
        read = due.page

        def page(minute: datetime, lane: due.Lane, shard: int, after: str | None, limit: int) -> Any:
            is_empty = not self.table.partitions[_bucket(minute, lane.name, shard)]
            return ([], None) if is_empty else read(minute, lane, shard, after, limit)

        monkeypatch.setattr(due, "page", page)

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _publish(self) -> None:
        definitions = Definitions()
        for kind, name, body in DEFINITIONS:
            definitions.publish(kind, name, body, self.now)
        self.table.history.clear()

    def _new_id(self) -> str:
        self._ids += 1
        return f"01SIM{self._ids:021d}"

    def answer_webhook(self, post: Any) -> int:
        """Replaced by a driver with endpoints of its own."""
        if self.happens(0.2):
            raise Transient("the sales webhook answered 503")
        self.webhooks.append(post.message_id)
        self.point("after webhook")
        return 200


_bucket = lru_cache(20_000)(keys.due_bucket)


@dataclass(frozen=True)
class _Clients:
    aws: Aws
    world: SimulatedWorld

    def client(self, _: str) -> Aws:
        return self.aws

    def ses(self) -> Ses:
        return self.world.ses

    def dynamodb(self) -> MemoryTable:
        return self.world.table


@cache
def _handle(function: str) -> Callable[[App, Json], Json | None]:
    found: Callable[[App, Json], Json | None] = import_module(f"functions.{function}.handler").handle
    return found
