"""Sodate in a world that can die anywhere: the real handlers, a memory table, queues, a stream, SES and one clock.

Everything random comes from one seed, so a history can be played again. `Crash` is no `Exception`: no code of ours
can catch it, exactly as a killed process catches nothing.
"""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from pynamodb.connection import Connection
from sodate.due import store as due
from sodate.errors import Transient
from sodate.playbook import store as playbook_store
from sodate.playbook.store import Definitions
from sodate.runtime import clock, container
from sodate.table import base, keys, transaction
from sodate_cli.local.ses.client import SimulatedSes
from sodate_cli.local.ses.disturbance import Disturbance
from sodate_cli.local.ses.envelopes import sqs_event_of

from tests.simulation.playbook import DEFINITIONS
from tests.simulation.table import MemoryTable

Json = dict[str, Any]
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
VISIBILITY = timedelta(minutes=3)
MOST_RECEIVES = 4
PUBLIC_URL = "https://m.example.jp"
_SCORED = {"activity"}
_PUBLISHED = {"submission", "consent", "state", "send", "signal"}


class Crash(BaseException):
    """The process is gone."""


class Queue:
    """SQS standard: at least once, in no order, and a dead-letter queue after a few receives."""

    def __init__(self, world: "SimulatedWorld", function: str) -> None:
        self._world, self._function = world, function
        self.waiting: list[Json] = []
        self.dead: list[Json] = []
        self._sent = 0

    def send(self, body: Any, delay: timedelta = timedelta()) -> None:
        self._sent += 1
        name = f"{self._function}-{self._sent}"
        self.waiting.append({"id": name, "body": body, "at": self._world.now + delay, "receives": 0})

    def deliver(self) -> bool:
        ready = [message for message in self.waiting if message["at"] <= self._world.now]
        if not ready:
            return False
        rng = self._world.rng
        batch = rng.sample(ready, min(len(ready), rng.randint(1, 10)))
        for message in batch:
            message["receives"] += 1
            message["at"] = self._world.now + VISIBILITY
        records = [{"messageId": message["id"], "body": message["body"]} for message in batch]
        answer = self._world.invoke(self._function, self._event(records))
        failed = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]} if answer else None
        for message in batch:
            done = failed is not None and message["id"] not in failed
            twice = self._world.is_rough and rng.random() < 0.08
            if done and not twice:
                self.waiting.remove(message)
            elif message["receives"] >= MOST_RECEIVES:
                self.waiting.remove(message)
                self.dead.append(message)
        return True

    def _event(self, records: list[Json]) -> Json:
        return {"Records": records}

    def redrive(self) -> None:
        dead, self.dead = self.dead, []
        for message in dead:
            self.send(message["body"])


class SimulatedWorld:
    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rng = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.now = START
        self.is_rough = False
        self.trace: list[str] = []
        self.table = MemoryTable()
        self.table.point = self.point
        self.fuse = 0
        self.meanwhile: tuple[int, Callable[[], object]] | None = None
        self.buried: list[Json] = []
        self.bus: list[Json] = []
        self.hot: list[Json] = []
        self.webhooks: list[str] = []
        self._read = {"scoring": 0, "event_publisher": 0}
        self._ids = 0
        self.sends = Queue(self, "mail_sender")
        self.events = Queue(self, "email_events")
        disturbance = Disturbance(seed, 0.15, 0.05 if self.rng.random() < 0.3 else 0.0, timedelta(hours=1), True)
        self.ses = SimulatedSes(lambda: self.now, ["example.jp"], ["sim"], disturbance=disturbance)
        self.ses.simulator.account.max_send_rate = 1e9
        self._wire(monkeypatch)
        self._publish()

    # -- running ---------------------------------------------------------------------------------------------------

    def point(self, label: str) -> None:
        """A labelled place between two effects: here the process may die, or somebody else may act."""
        if self.meanwhile is not None:
            left, act = self.meanwhile
            self.meanwhile = (left - 1, act) if left > 1 else None
            if left <= 1:
                fuse, self.fuse = self.fuse, 0
                self.trace.append(f"  meanwhile at {label}")
                act()
                self.fuse = fuse
        if self.fuse:
            self.fuse -= 1
            if not self.fuse:
                self.trace.append(f"  crash {label}")
                raise Crash(label)

    def invoke(self, function: str, event: Json) -> Json | None:
        """None when the process died or raised: AWS then knows nothing of what it did."""
        nested = self.meanwhile is not None or not self.is_rough
        if self.is_rough and self.rng.random() < 0.25:
            self.fuse = self.rng.randint(1, 24)
        if not nested and self.rng.random() < 0.2:
            self.meanwhile = (self.rng.randint(1, 16), self.somebody_else)
        self.trace.append(f"{self.now:%d %H:%M} {function}")
        try:
            answer: Json | None = import_module(f"functions.{function}.handler").handler(event, None)
        except Crash:
            forget()
            return None
        except Exception as error:  # noqa: BLE001  whatever it is, Lambda would only see a failed invocation
            self.trace.append(f"  {type(error).__name__}: {error}"[:160])
            return None
        finally:
            self.fuse, self.meanwhile = 0, None
        self.trace.append(f"  {json.dumps(answer, sort_keys=True)[:120]}")
        return answer or {}

    def somebody_else(self) -> None:
        """Replaced by the driver: what another person or process does in the middle of an invocation."""

    def http(
        self, function: str, route: str, path: Json, body: str | None = None, kind: str = "application/json"
    ) -> int:
        event = {"routeKey": route, "pathParameters": path, "headers": {"content-type": kind}, "body": body}
        answer = self.invoke(function, event)
        return int(answer["statusCode"]) if answer else 500

    def tick(self) -> None:
        self.invoke("step_mail_dispatch", {})
        self.invoke("send_sweeper", {})

    def stream(self) -> bool:
        return any([self._stream_to("scoring"), self._stream_to("event_publisher")])

    def _stream_to(self, function: str) -> bool:
        begin, end = self._read[function], len(self.table.history)
        if begin == end:
            return False
        if self.is_rough and self.rng.random() < 0.1:
            begin = max(0, begin - self.rng.randint(1, 10))
        wanted = [record for n in range(begin, end) if (record := self._record(n, function)) is not None]
        answer = self.invoke(function, {"Records": wanted}) if wanted else {"batchItemFailures": []}
        if answer is not None and not answer["batchItemFailures"]:
            self._read[function] = end
        return True

    def _record(self, number: int, function: str) -> Json | None:
        key, old, new = self.table.history[number]
        kind = (new or old or {})["kind"]["S"]
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
            if self.invoke("sales_handoff", detail) is not None:
                self.hot.remove(event)
        return bool(self.hot)

    def ses_events(self, *, all_of_them: bool = False) -> bool:
        for event in self.ses.simulator.take_events(all_of_them=all_of_them):
            (record,) = sqs_event_of([event], self.now)["Records"]
            self.events.send(record["body"])
        return self.events.deliver()

    def next_due(self) -> datetime | None:
        waiting = (key[0] for key in self.table.items if key[0].startswith(keys.DUE))
        minutes = {keys.minute_start(keys.due_minute_of(pk)) for pk in waiting}
        read = min(due.read_until(lane) or START - timedelta(minutes=1) for lane in due.LANES)
        return min((minute for minute in minutes if minute > read), default=None)

    def skip_idle_minutes(self, until: datetime) -> None:
        """Reading a minute that holds nothing does nothing, so long waits need not read each of them."""
        for lane in due.LANES:
            held = due.read_until(lane)
            waiting = [
                keys.minute_start(keys.due_minute_of(key[0]))
                for key in self.table.items
                if key[0].startswith(keys.DUE) and key[0].endswith(f"#{lane}")
            ]
            ahead = [minute for minute in waiting if held is None or minute > held]
            stop = min([*ahead, until]) - timedelta(minutes=1)
            if held is None or stop > held:
                due.move_cursor(lane, stop)

    # -- wiring ----------------------------------------------------------------------------------------------------

    def _wire(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = {
            "AWS_DEFAULT_REGION": "ap-northeast-1",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
            "POWERTOOLS_SERVICE_NAME": "simulation",
            "SODATE_STAGE": "local",
            "SODATE_TABLE": "sodate-sim",
            "SODATE_BUS": "bus",
            "SODATE_SEND_QUEUE_URL": "send",
            "SODATE_DEAD_LETTER_URL": "dead",
            "SODATE_SIGNING_KEYS_SECRET": "signing",
            "SODATE_ADDRESS_KEY_SECRET": "address",
            "SODATE_WEBHOOK_SECRET": "webhook",
            "SODATE_CAPTCHA_SECRET": "captcha",
            "SODATE_PUBLIC_URL": PUBLIC_URL,
            "SODATE_CONFIGURATION_SET": "sim",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        forget()
        aws = _Aws(self)
        monkeypatch.setattr(Connection, "client", self.table)
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(container, "client", lambda service: aws)
        monkeypatch.setattr(container, "ses_client", lambda: _Ses(self))
        monkeypatch.setattr(container, "pause", lambda attempt: None)
        monkeypatch.setattr(clock, "sleep", self._sleep)
        monkeypatch.setattr(container, "_wire", lambda: None)
        monkeypatch.setattr(container, "new_id", self._new_id)
        monkeypatch.setattr(playbook_store, "_POINTER_SECONDS", 1e9)
        monkeypatch.setattr("sodate.sales.webhook.deliver", self._webhook)

    def _publish(self) -> None:
        base.bind("sodate-sim")
        definitions = Definitions()
        for kind, name, body in DEFINITIONS:
            definitions.publish(kind, name, body, self.now)
        self.table.history.clear()

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _new_id(self) -> str:
        self._ids += 1
        return f"01SIM{self._ids:021d}"

    def _webhook(self, post: Any, *, allow_private: bool) -> int:
        if self.is_rough and self.rng.random() < 0.2:
            raise Transient("the sales webhook answered 503")
        self.webhooks.append(post.message_id)
        self.point("after webhook")
        return 200


class _Ses:
    """The simulator with a place to die before and after SES took the mail."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def send_email(self, **request: Any) -> Json:
        self._world.point("before SES")
        answer = self._world.ses.send_email(**request)
        self._world.point("after SES")
        return answer

    def send_bulk_email(self, **request: Any) -> Json:
        self._world.point("before SES")
        answer = self._world.ses.send_bulk_email(**request)
        self._world.point("after SES")
        return answer

    def get_account(self) -> Json:
        return self._world.ses.get_account()


class _Aws:
    """SQS, EventBridge and Secrets Manager, as far as our code calls them."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:
        failed = []
        for entry in Entries:
            self._world.point("before enqueue")
            if self._world.is_rough and self._world.rng.random() < 0.03:
                failed.append({"Id": entry["Id"]})
            else:
                self._world.sends.send(entry["MessageBody"], timedelta(seconds=entry["DelaySeconds"]))
        self._world.point("after enqueue")
        return {"Failed": failed}

    def send_message(self, QueueUrl: str, MessageBody: str, MessageAttributes: Json) -> Json:
        self._world.buried.append({"body": MessageBody, "why": MessageAttributes["reason"]["StringValue"]})
        return {}

    def put_events(self, Entries: list[Json]) -> Json:
        self._world.point("before publish")
        refused = int(self._world.is_rough and self._world.rng.random() < 0.05)
        self._world.bus.extend(Entries[refused:])
        self._world.point("after publish")
        return {"FailedEntryCount": refused}

    def get_secret_value(self, SecretId: str) -> Json:
        secrets: dict[str, Json] = {
            "signing": {"keys": [{"id": "k1", "key": "one key", "created": "2026-01-01T00:00:00.000Z"}]},
            "address": {"key": "another key"},
            "webhook": {"key": "a third key"},
            "captcha": {},
        }
        return {"SecretString": json.dumps(secrets[SecretId])}


def forget() -> None:
    """A new process knows nothing."""
    container.definitions.cache_clear()
    container.bind_lean_table.cache_clear()
    container.dispatch_memory.cache_clear()
    container._secrets.clear()
    transaction._shared.connection = None
    with suppress(AttributeError):
        import_module("functions.form_capture.handler").desk.cache_clear()
