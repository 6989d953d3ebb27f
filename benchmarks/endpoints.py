"""DynamoDB, SES, SQS and Secrets Manager without latency, in a process of their own.

So the worker's `time.process_time` holds its whole client stack (signing, HTTP, parsing) and nothing of the server's
work. Plain HTTP on loopback: what TLS costs is the same for everybody and is left out.
"""

import asyncio
import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Protocol, Self

from botocore.exceptions import ClientError

from benchmarks.table import Schema, Tables

Json = dict[str, Any]
SIGNING_KEYS = {"keys": [{"id": "k1", "key": "a-signing-key-of-the-benchmark", "created": "2026-01-01T00:00:00.000Z"}]}
_SECRETS = {"signing": SIGNING_KEYS, "address": {"key": "an address key"}, "webhook": {"key": "x"}, "captcha": {}}


class Asked(Protocol):
    """Somebody with a `Cloud`: `ask("usage")` calls its method of that name."""

    def ask(self, name: str, *arguments: Any) -> Any: ...


@dataclass(frozen=True)
class Mail:
    message_id: str
    to: str
    tags: dict[str, str]


@dataclass
class Mailbox:
    """An SES that accepts everything and only counts (the fake with its rules is `ses_simulator`).

    What it took, in how many calls and how many bytes of request. `rate` and `daily` are what GetAccount says.
    """

    rate: float = 5e7
    daily: float = -1.0
    mails: list[Mail] = field(default_factory=list)
    calls: int = 0
    bytes: int = 0

    def take(self, address: str, tags: list[dict[str, str]]) -> str:
        message_id = f"0100-{len(self.mails):012d}"
        self.mails.append(Mail(message_id, address, {tag["Name"]: tag["Value"] for tag in tags}))
        return message_id


_SES = {
    "/v2/email/account": "GetAccount",
    "/v2/email/outbound-emails": "SendEmail",
    "/v2/email/outbound-bulk-emails": "SendBulkEmail",
}
_SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AWSEvents": "events"}


class Cloud:
    """The answers; `Endpoints` below is its process, and the same class serves in process where a clock is virtual."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.tables = Tables(schemas)
        self.mailbox = Mailbox()
        self.queue: list[Json] = []
        self.published = 0
        self.calls: Counter[str] = Counter()

    def act(self, service: str, operation: str, request: Json) -> Json:
        """Raises `ClientError`."""
        if service == "dynamodb":
            return self.tables.call(operation, request)
        self.calls[f"{service} {operation}"] += 1
        answer: Json = getattr(self, f"_{service}")(operation, request)
        return answer

    def answer(self, path: str, target: str, body: bytes) -> tuple[int, Json]:
        """A call as it comes over HTTP: status and body of the answer."""
        service, _, operation = target.partition(".")
        if not target:
            service, operation = "sesv2", _SES[path.partition("?")[0]]
            self.mailbox.bytes += len(body)
        try:
            return 200, self.act(_SERVICES.get(service, service), operation, json.loads(body) if body else {})
        except ClientError as refusal:
            more = {
                name: value for name, value in refusal.response.items() if name not in ("Error", "ResponseMetadata")
            }
            code = f"com.amazonaws.dynamodb.v20120810#{refusal.response['Error']['Code']}"
            return 400, {"__type": code, "message": refusal.response["Error"]["Message"], **more}

    def _sqs(self, operation: str, request: Json) -> Json:
        entries = request["Entries"] if operation == "SendMessageBatch" else [{"Id": "0", **request}]
        done = []
        for entry in entries:
            message_id = f"m{self.calls['sqs ' + operation]}-{entry['Id']}"
            delay = int(entry.get("DelaySeconds", 0))
            self.queue.append({"messageId": message_id, "body": entry["MessageBody"], "delay": delay})
            done.append({"Id": entry["Id"], "MessageId": message_id})
        return {"Successful": done, "Failed": []} if operation == "SendMessageBatch" else done[0]

    def _events(self, _: str, request: Json) -> Json:
        self.published += len(request["Entries"])
        return {"FailedEntryCount": 0, "Entries": []}

    def _secretsmanager(self, _: str, request: Json) -> Json:
        return {"Name": request["SecretId"], "SecretString": json.dumps(_SECRETS[request["SecretId"]])}

    def _sesv2(self, operation: str, request: Json) -> Json:
        if operation == "GetAccount":
            quota = {"Max24HourSend": self.mailbox.daily, "MaxSendRate": self.mailbox.rate, "SentLast24Hours": 0.0}
            return {"SendQuota": quota, "SendingEnabled": True, "ProductionAccessEnabled": True,
                    "EnforcementStatus": "HEALTHY"}  # fmt: skip
        self.mailbox.calls += 1
        if operation == "SendBulkEmail":
            return {"BulkEmailEntryResults": [self._entry(entry) for entry in request["BulkEmailEntries"]]}
        return {"MessageId": self.mailbox.take(request["Destination"]["ToAddresses"][0], request["EmailTags"])}

    def _entry(self, entry: Json) -> Json:
        address = entry["Destination"]["ToAddresses"][0]
        return {"Status": "SUCCESS", "MessageId": self.mailbox.take(address, entry["ReplacementTags"])}

    # -- what the bench asks through the pipe ------------------------------------------------------------------------

    def put(self, table: str, items: list[Json]) -> None:
        self.tables.put(table, items)

    def usage(self) -> Json:
        return {
            **self.tables.meter.usage.as_json(),
            "other_calls": dict(self.calls),
            "ses_bytes": self.mailbox.bytes,
            "mails": len(self.mailbox.mails),
            "published": self.published,
        }

    def measure_anew(self) -> None:
        self.tables.measure_anew()
        self.mailbox = Mailbox(self.mailbox.rate, self.mailbox.daily)
        self.calls.clear()
        self.published = 0

    def receive(self) -> list[Json]:
        taken, self.queue = self.queue, []
        return taken

    def mails(self) -> list[Mail]:
        return self.mailbox.mails

    def set_rate(self, rate: float) -> None:
        self.mailbox.rate = rate

    def keep_changes(self) -> None:
        """From now on the tables remember what changed, as their stream would."""
        self.tables.keep_changes = True

    def changes(self) -> list[tuple[str, Json | None, Json | None]]:
        return self.tables.take_changes()

    def partitions(self, table: str, prefix: str) -> list[str]:
        return sorted(
            pk for pk, items in self.tables.table(table).partitions.items() if items and pk.startswith(prefix)
        )

    def item(self, table: str, pk: str, sk: str) -> Json | None:
        return self.tables.table(table).items.get((pk, sk))


class _Http(asyncio.Protocol):
    """Just enough HTTP/1.1 for botocore and urllib3 on a kept connection."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            stop = end + 4 + int(headers.get("content-length", 0))
            if headers.get("expect") == "100-continue" and len(self._buffer) < stop:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
            path = lines[0].split(" ")[1]
            status, answer = self._cloud.answer(path, headers.get("x-amz-target", ""), body)
            content = json.dumps(answer).encode()
            reason = "OK" if status == 200 else "Bad Request"
            head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            self._transport.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)


def _serve(make: Callable[[], Mapping[str, Schema]], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench itself says when to stop
    cloud = Cloud(make())

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Http(cloud), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        over = loop.create_future()

        def asked() -> None:
            try:
                name, arguments = pipe.recv()
            except EOFError:
                over.set_result(None)
                loop.remove_reader(pipe.fileno())
                return
            pipe.send(getattr(cloud, name)(*arguments))

        loop.add_reader(pipe.fileno(), asked)
        await over

    asyncio.run(main())


class Endpoints(AbstractContextManager["Endpoints"]):
    """`with Endpoints(schemas) as cloud`: `cloud.url` for the SDKs, `cloud.ask("usage")` for the bench.

    `schemas` is a function, so that the other process can make them for itself.
    """

    def __init__(self, schemas: Callable[[], Mapping[str, Schema]]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(schemas, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.url = ""

    def __enter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(5)

    def ask(self, name: str, *arguments: Any) -> Any:
        self._pipe.send((name, arguments))
        return self._pipe.recv()
