"""The whole system in one process: the real handlers on a moto table and queue, with a clock that a test moves.

What AWS does between functions is played here in the open: the table stream (what changed between two looks at it),
the send queue, the bus rule, SES's events. Nothing of ours is replaced.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest
from moto import mock_aws
from ses_simulator.client import SimulatedSes
from ses_simulator.envelopes import sqs_event_of
from sodate.authoring.apply import apply_directory
from sodate.dynamodb.client import sdk_client
from sodate.dynamodb.table import Table
from sodate.kpis.counted import COUNTED
from sodate.playbook.store import Definitions
from sodate.runtime import clock
from sodate.runtime.app import App
from sodate.runtime.aws import BotoClients
from sodate.runtime.clock import Clock
from sodate.runtime.queues import Queues, put_on_queue
from sodate.runtime.readers import must_read
from sodate.runtime.settings import Settings
from sodate.scheduling import store as due

from tests.support.step_mail import step_mail_playbook
from tests.support.tables import create_table

TABLE = "sodate-test"
PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "b2b-ja"
#: A Tuesday, 11:00 in Japan; the Monday before was a holiday (勤労感謝の日).
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PUBLIC_URL = "https://mail.example.jp"

Json = dict[str, Any]
_definitions: list[Json] = []


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.webhooks: list[Any] = []
        #: Clients that are none of moto's, by service.
        self.services: dict[str, Any] = {}
        self.bus: list[Json] = []
        self.dead: list[Json] = []
        self._hidden: list[tuple[datetime, Json]] = []
        #: Events of SES that wait for their verdict, and until when.
        self.waiting: list[tuple[datetime, Json]] = []
        self.delayed: list[tuple[datetime, Sequence[Mapping[str, Any]]]] = []
        self._monkeypatch = monkeypatch
        self._seen: dict[tuple[str, str], Json] = {}
        self._record_number = 0
        self._create_queues()
        self.gateway = self._create_table()
        self.gateway.use()
        self._secrets()
        self.ses = SimulatedSes(clock=lambda: self.now, identities=["example.jp"], configuration_sets=["sodate-test"])
        self.ses.simulator.account.max_send_rate = 100_000
        self.aws = WorldClients(self)
        self.new_process()
        monkeypatch.setattr(clock, "now", lambda: self.now)  # what commands of `sodate` read
        self._apply_playbook()
        for lane in due.LANES:
            due.move_cursor(lane, START - timedelta(minutes=1))  # the schedules run since the first deploy
        self._stream()

    # -- what a person does ------------------------------------------------------------------------------------

    def post(self, body: Json | str, form: str = "request-materials", **headers: str) -> Json:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return self.raw_post(text, form, {"content-type": "application/json", **headers})

    def fresh_token(self, form: str = "request-materials") -> str:
        """As a page has it that was opened a minute ago."""
        self.now -= timedelta(minutes=1)
        event = self.http_event("GET /forms/{form_id}", {"form_id": form}, {}, None, False)
        shown = self.call("form_capture", event)
        self.now += timedelta(minutes=1)
        return str(json.loads(shown["body"])["_token"])

    def raw_post(self, body: str | None, form: str, headers: Json, is_base64: bool = False) -> Json:
        event = self.http_event("POST /forms/{form_id}/submissions", {"form_id": form}, headers, body, is_base64)
        return self.call("form_capture", event)

    def visit(self, url: str, method: str = "GET", body: str | None = None, **headers: str) -> Json:
        kind, token = url.removeprefix(PUBLIC_URL).strip("/").split("/", 1)
        event = self.http_event(f"{method} /{kind}/{{token}}", {"token": token}, headers, body, False)
        return self.call("consent_pages", event)

    def join(self, email: str = "taro@example.jp", form: str = "request-materials", **answers: Any) -> str:
        """Post, receive the opt-in mail, confirm. Returns the lead id."""
        standard = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
        assert self.post({"email": email, **standard, **answers}, form)["statusCode"] == 201
        self.settle()
        mail = self.mails_to(email)[-1]
        assert self.visit(self.link(mail, "/opt-in/"), "POST")["statusCode"] == 200
        self.settle()
        return self.lead_id(email)

    # -- what time and AWS do ----------------------------------------------------------------------------------

    def call(self, function: str, event: Any) -> Any:
        self.app.table.use()  # a test may call from another thread
        return import_module(f"functions.{function}.handler").handle(self.app, event)

    def tick(self) -> None:
        self.call("step_mail_dispatch", {})
        self.call("send_sweeper", {})
        self.call("score_decay", {})
        self.call("sales_followup", {})
        self.call("kpi_rollup", {})
        self.settle()

    def advance(self, span: timedelta) -> None:
        """Every minute that has something due is ticked; idle minutes only move the cursor, as on the local stage."""
        end, done = self.now + span, min(due.read_until(lane) or START for lane in due.LANES)
        while (minute := self._next_due(done)) is not None and minute <= end:
            self.now, done = max(self.now, minute), minute
            due.skip_idle_of(self._buckets(), minute - timedelta(minutes=1))
            self.tick()
        self.now = end
        due.skip_idle_of(self._buckets(), end - timedelta(minutes=1))
        self.tick()

    def settle(self) -> None:
        """Deliver stream, queue, bus and SES events until nothing moves. A click that waits gets its time."""
        for _ in range(50):
            if self.deliver_once():
                continue
            if not self.waiting:
                return
            self.now = max(self.now, min(at for at, _ in self.waiting))
        raise AssertionError("the system does not come to rest")

    def deliver_once(self) -> bool:
        """False when nothing moves without more time."""
        return self._stream() | self._send_queue() | self._bus() | self._ses_events()

    # -- what a test looks at ----------------------------------------------------------------------------------

    def items(self, kind: str | None = None) -> list[Json]:
        return [item for item in self._scan().values() if kind is None or item["kind"] == kind]

    def lead_id(self, email: str) -> str:
        return next(item["pk"] for item in self.items("profile") if item["address"] == email).removeprefix("LEAD#")

    def state(self, lead_id: str) -> Json:
        return next(item for item in self.items("state") if item["pk"] == f"LEAD#{lead_id}")

    def score(self, lead_id: str) -> Json:
        return next(item for item in self.items("score") if item["pk"] == f"LEAD#{lead_id}")

    def mails_to(self, email: str) -> list[Any]:
        return [message for message in self.ses.simulator.messages if message.recipient == email]

    def link(self, mail: Any, part: str) -> str:
        return next(link for link in mail.links if part in link)

    def unsubscribe_url(self, mail: Any) -> str:
        return dict(mail.headers)["List-Unsubscribe"].strip("<>")

    def _create_table(self) -> Table:
        self.dynamodb = boto3.client("dynamodb")
        create_table(TABLE)
        return Table(TABLE, sdk_client())

    # -- wiring ------------------------------------------------------------------------------------------------

    def _create_queues(self) -> None:
        self.queue, self.replay_queue, self.dlq, self.event_dlq, self.event_queue = (
            boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]
            for name in ("send", "replay", "dead", "event-dead", "events")
        )
        self.settings = {
            "POWERTOOLS_SERVICE_NAME": "test",
            "SODATE_STAGE": "test",
            "SODATE_TABLE": TABLE,
            "SODATE_BUS": "sodate-test",
            "SODATE_ANNOUNCE_ROUTINE": "on",
            "SODATE_SEND_QUEUE_URL": self.queue,
            "SODATE_REPLAY_QUEUE_URL": self.replay_queue,
            "SODATE_DEAD_LETTER_URL": self.dlq,
            "SODATE_EVENTS_QUEUE_URL": self.event_queue,
            "SODATE_EVENT_DEAD_LETTER_URL": self.event_dlq,
            "SODATE_SIGNING_KEYS_SECRET": "signing-keys",
            "SODATE_ADDRESS_KEY_SECRET": "address-key",
            "SODATE_WEBHOOK_SECRET": "webhook",
            "SODATE_CAPTCHA_SECRET": "captcha",
            "SODATE_PUBLIC_URL": PUBLIC_URL,
            "SODATE_CONFIGURATION_SET": "sodate-test",
        }

    def new_process(self) -> App:
        """A Lambda process starts empty: without definitions, secrets and cursors of another."""
        pass_no_time = Clock(
            lambda: self.now,
            sleep=lambda seconds: None,
            pause=lambda attempt: None,
            wall_seconds=lambda: self.now.timestamp(),
        )
        self.app = app = App(Settings(self.settings), pass_no_time, self.aws)
        app.definitions = Definitions(reads=must_read, on_unreadable=app.report_unreadable, pointer_seconds=-1.0)
        app.queues = DelayingQueues(self)
        app.deliver_webhook = self._webhook
        return app

    def _apply_playbook(self) -> None:
        """Compiled once a process: MJML and the lint take a second, and every test wants the same playbook."""
        if not _definitions:
            overrides = {"sales.webhook.url": "https://sink.example.jp/hook"}
            with TemporaryDirectory() as name:
                apply_directory(step_mail_playbook(Path(name)), now=self.now, overrides=overrides)
            _definitions.extend(self._raw().values())
            return
        for item in _definitions:
            self.dynamodb.put_item(TableName=TABLE, Item=item)

    def _secrets(self) -> None:
        client = boto3.client("secretsmanager")
        keys = [{"id": "k1", "key": "a-signing-key-of-the-tests", "created": "2026-01-01T00:00:00.000Z"}]
        client.create_secret(Name="signing-keys", SecretString=json.dumps({"keys": keys}))
        client.create_secret(Name="address-key", SecretString=json.dumps({"key": "an-address-key"}))
        client.create_secret(Name="webhook", SecretString=json.dumps({"key": "a-webhook-key"}))
        client.create_secret(Name="captcha", SecretString=json.dumps({}))

    def _webhook(self, post: Any) -> int:
        self.webhooks.append(post)
        return 200

    def _next_due(self, after: datetime) -> datetime | None:
        return due.next_unread(self._buckets(), after)

    def _buckets(self) -> list[str]:
        return [item["pk"] for item in self.items("due")]

    def _scan(self) -> dict[tuple[str, str], Json]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        raw = [item for page in pages for item in page["Items"]]
        return {(item["pk"]["S"], item["sk"]["S"]): plain(item) for item in raw}

    def _raw(self) -> dict[tuple[str, str], Json]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        return {(i["pk"]["S"], i["sk"]["S"]): i for page in pages for i in page["Items"]}

    def stream_records(self) -> list[Json]:
        """What changed since the last look, as the table stream would tell it."""
        now, records = self._raw(), []
        for key, item in now.items():
            if self._seen.get(key) != item:
                records.append(stream_record(item, self._seen.get(key), self._next_number(), self.now))
        gone = sorted(key for key in self._seen.keys() - now.keys() if self._seen[key]["kind"]["S"] in COUNTED)
        records += [removed(self._seen[key], self._next_number(), self.now) for key in gone]
        self._seen = now
        return records

    def _next_number(self) -> int:
        self._record_number += 1
        return self._record_number

    def _stream(self) -> bool:
        records = self.stream_records()
        scoring = [r for r in records if _filter(r, {"activity"}, {"profile"})]
        outbox = [r for r in records if is_for_the_publisher(r)]
        for function, wanted in (("scoring", scoring), ("event_publisher", outbox)):
            if wanted:
                assert self.call(function, {"Records": wanted}) == {"batchItemFailures": []}
        return bool(scoring or outbox)

    def receive(self) -> list[Json]:
        for _, messages in [entry for entry in self.delayed if entry[0] <= self.now]:
            put_on_queue(boto3.client("sqs"), self.queue, messages)
        self.delayed = [entry for entry in self.delayed if entry[0] > self.now]
        client, found = boto3.client("sqs"), []
        while messages := client.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                client.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append({"messageId": message["MessageId"], "body": message["Body"]})
        return found

    def _send_queue(self) -> bool:
        records = self.receive()
        if records:
            assert self.call("email_sender", {"Records": records}) == {"batchItemFailures": []}
        return bool(records)

    def _bus(self) -> bool:
        hot = [event for event in self.bus if event["DetailType"] == "LeadBecameHot" and not event.get("handled")]
        for event in hot:
            event["handled"] = True
            self.call("sales_handoff", {"detail-type": event["DetailType"], "detail": json.loads(event["Detail"])})
        return bool(hot)

    def _ses_events(self) -> bool:
        """A record that the function sends back is hidden for three minutes, as on the real queue."""
        events = self.ses.simulator.take_events(all_of_them=True)
        records = sqs_event_of(events, self.now)["Records"] if events else []
        records += [record for at, record in self._hidden if at <= self.now]
        records += [record for at, record in self.waiting if at <= self.now]
        self._hidden = [(at, record) for at, record in self._hidden if at > self.now]
        self.waiting = [(at, record) for at, record in self.waiting if at > self.now]
        if records:
            records = [{**record, "messageId": str(number)} for number, record in enumerate(records)]
            failed = self.call("email_events", {"Records": records})["batchItemFailures"]
            again = [records[int(failure["itemIdentifier"])] for failure in failed]
            self._hidden += [(self.now + timedelta(minutes=3), record) for record in again]
        return bool(records)

    def dead_letters(self) -> list[Json]:
        client, found = boto3.client("sqs"), []
        while messages := client.receive_message(
            QueueUrl=self.dlq, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            for message in messages:
                client.delete_message(QueueUrl=self.dlq, ReceiptHandle=message["ReceiptHandle"])
                found.append({"body": message["Body"], "reason": message["MessageAttributes"]["reason"]["StringValue"]})
        return found

    @staticmethod
    def http_event(route: str, path: Json, headers: Json, body: str | None, is_base64: bool) -> Json:
        return {
            "version": "2.0",
            "routeKey": route,
            "pathParameters": path,
            "headers": headers,
            "body": body,
            "isBase64Encoded": is_base64,
        }


class WorldClients(BotoClients):
    """moto's clients, but for the bus and SES, which the world plays."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def client(self, service: str) -> Any:
        if service in self._world.services:
            return self._world.services[service]
        return _Bus(self._world.bus) if service == "events" else super().client(service)

    def ses(self) -> Any:
        return self._world.ses

    def dynamodb(self) -> Any:
        return self._world.gateway.client


class DelayingQueues(Queues):
    """Delays pass on the clock of the test, not on that of the machine."""

    def __init__(self, world: World) -> None:
        super().__init__(world.app.settings, lambda: world.aws.client("sqs"))
        self._world = world

    def enqueue(self, messages: Sequence[Mapping[str, Any]], delay_seconds: int = 0) -> None:
        self._world.delayed.append((self._world.now + timedelta(seconds=delay_seconds), messages))

    def deliver_event_again(self, body: str, delay_seconds: int) -> None:
        at = self._world.now + timedelta(seconds=delay_seconds)
        self._world.waiting.append((at, {"messageId": "again", "body": body}))


class _Bus:
    def __init__(self, events: list[Json]) -> None:
        self._events = events

    def put_events(self, Entries: list[Json]) -> Json:
        self._events.extend(dict(entry) for entry in Entries)
        return {"FailedEntryCount": 0}


def stream_record(new: Json, old: Json | None, number: int, at: datetime | None = None) -> Json:
    body = {"Keys": {"pk": new["pk"], "sk": new["sk"]}, "NewImage": new, "SequenceNumber": str(1000 + number)}
    if old:
        body["OldImage"] = old
    if at:
        body["ApproximateCreationDateTime"] = at.timestamp()
    return {"eventID": str(number), "eventName": "MODIFY" if old else "INSERT", "dynamodb": body}


def removed(old: Json, number: int, at: datetime) -> Json:
    body = {
        "Keys": {"pk": old["pk"], "sk": old["sk"]},
        "OldImage": old,
        "SequenceNumber": str(1000 + number),
        "ApproximateCreationDateTime": at.timestamp(),
    }
    return {"eventID": str(number), "eventName": "REMOVE", "dynamodb": body}


def _filter(record: Json, inserts: set[str], any_change: set[str]) -> bool:
    kind = record["dynamodb"].get("NewImage", {}).get("kind", {}).get("S")
    return kind in any_change or (kind in inserts and record["eventName"] == "INSERT")


def is_for_the_publisher(record: Json) -> bool:
    """As the filter of its mapping (`infra/components/triggers.py`), a little wider."""
    if record["eventName"] == "REMOVE":
        return record["dynamodb"]["OldImage"]["kind"]["S"] in COUNTED
    return _filter(record, set(), {"submission", "consent", "state", "signal", *COUNTED})


def plain(item: Json) -> Json:
    return {name: boto3.dynamodb.types.TypeDeserializer().deserialize(value) for name, value in item.items()}


@contextmanager
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws():
        yield World(monkeypatch)
