"""What AWS does around the two functions, on virtual time: the minute rule, the queue, many senders at once, SES.

Each call takes its latency in virtual time, so senders overlap as they would; queue delivery jitters, and SES throttles
some calls and some entries although nobody was too fast.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sodate.dynamodb import keys
from sodate.runtime.clock import Clock

from benchmarks.harness import Json
from benchmarks.inside import Client, CloudClients, InProcess, inside
from benchmarks.ours import Ours, schemas
from tests.fakes.virtual_time import VirtualTime


@dataclass(frozen=True)
class FaultProfile:
    """Seconds, and shares of calls."""

    senders: int = 100
    batch: int = 10
    table_s: float = 0.004
    ses_s: float = 0.05
    queue_jitter_s: float = 2.0
    tick_jitter_s: float = 2.0
    throttled_calls: float = 0.0
    throttled_entries: float = 0.0


@dataclass(frozen=True)
class HandOver:
    """One call to SES: when it was made, how many mails it held, and of whom SES took."""

    at: datetime
    mails: int
    taken: tuple[str, ...]


@dataclass
class Fleet:
    ours: Ours
    cloud: InProcess
    time: VirtualTime
    fault_profile: FaultProfile
    rng: random.Random
    handed_over: list[HandOver] = field(default_factory=list)
    most_at_once: int = 0
    _busy: int = 0
    _ready: list[Json] = field(default_factory=list)

    def tick_every_minute(self, first: datetime, minutes: int) -> None:
        for number in range(minutes):
            jitter = self.rng.uniform(0, self.fault_profile.tick_jitter_s)
            self.time.at(first + timedelta(minutes=number, seconds=jitter), self._tick)

    def _tick(self) -> None:
        self._call("step_mail_dispatch", {})
        self._pour()

    def _call(self, function: str, event: Json) -> Json:
        return dict(import_module(f"functions.{function}.handler").handle(self.ours.here.app, event))

    def _pour(self) -> None:
        """What was enqueued becomes visible after its delay; SQS takes its time and keeps no order."""
        for record in self.cloud.ask("receive"):
            wait = record["delay"] + self.rng.uniform(0, self.fault_profile.queue_jitter_s)
            self.time.after(wait, lambda record=record: self._deliver(record))

    def _deliver(self, record: Json | None = None) -> None:
        if record is not None:
            self._ready.append(record)
        if self._ready and self._busy < self.fault_profile.senders:
            batch, self._ready = self._ready[: self.fault_profile.batch], self._ready[self.fault_profile.batch :]
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            self.time.after(0, lambda: self._send(batch))

    def _send(self, records: list[Json]) -> None:
        answer = self._call("email_sender", {"Records": records})
        assert answer == {"batchItemFailures": []}, answer
        self._busy -= 1
        self._deliver()

    # -- SES -----------------------------------------------------------------------------------------------------------

    def bulk(self, request: Json) -> Json:
        at, entries, fault_profile = self.time.now, request["BulkEmailEntries"], self.fault_profile
        refused = self.rng.random() < fault_profile.throttled_calls
        kept = [] if refused else [entry for entry in entries if self.rng.random() >= fault_profile.throttled_entries]
        leads = tuple(next(tag["Value"] for tag in e["ReplacementTags"] if tag["Name"] == "lead_id") for e in kept)
        self.handed_over.append(HandOver(at, len(entries), leads))
        if fault_profile.ses_s:
            self.time.sleep(fault_profile.ses_s)
        if refused:
            error: Any = {"Error": {"Code": "TooManyRequestsException", "Message": "Maximum sending rate exceeded."},
                          "ResponseMetadata": {"HTTPStatusCode": 429}}  # fmt: skip
            raise ClientError(error, "SendBulkEmail")
        took = {id(entry) for entry in kept}
        return {
            "BulkEmailEntryResults": [
                {"Status": "SUCCESS", "MessageId": f"m{len(self.handed_over)}-{n}"}
                if id(entry) in took
                else {"Status": "ACCOUNT_THROTTLED", "Error": "Maximum sending rate exceeded."}
                for n, entry in enumerate(entries)
            ]
        }


class _Ses:
    def __init__(self, fleet: Fleet, plain: Client) -> None:
        self._fleet, self._plain = fleet, plain

    def get_account(self) -> Json:
        return self._plain.get_account()

    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]:
        return self._fleet.bulk(request)


@dataclass(frozen=True)
class FleetClients(CloudClients):
    fleet: Fleet

    def ses(self) -> Any:
        return _Ses(self.fleet, super().ses())


@contextmanager
def fleet(seed: int, fault_profile: FaultProfile, start: datetime, kind: type[Fleet] = Fleet) -> Iterator[Fleet]:
    with inside(schemas()) as (here, cloud):
        here.now = start
        ours = Ours(here, cloud)
        ours.publish()
        time = VirtualTime(start)
        found = kind(ours, cloud, time, fault_profile, random.Random(seed))  # noqa: S311  repeatable, not secret
        patch = pytest.MonkeyPatch()
        here.app.clock = Clock(lambda: time.now, time.sleep)
        here.app.aws = FleetClients(cloud.cloud, found)
        cloud.cloud.tables.meter.keep_rates(lambda: int(time.now.timestamp()))
        if fault_profile.table_s:
            _slow_down(patch, cloud.cloud.tables, time, fault_profile.table_s)
        try:
            yield found
        finally:
            patch.undo()


def _slow_down(patch: pytest.MonkeyPatch, tables: Any, time: VirtualTime, seconds: float) -> None:
    """Each call takes its time; only calls made inside a program can wait.

    Claims touch items that no neighbour touches, so their time is paid together, before the next call of another kind.
    """
    answer: Callable[..., Json] = tables.call
    owed = threading.local()

    def slow(operation: str, request: Json) -> Json:
        owed.seconds = getattr(owed, "seconds", 0.0) + seconds
        is_claim = operation == "UpdateItem" and request["Key"]["sk"]["S"] == keys.STATE
        if time.is_in_program and not is_claim:
            time.sleep(owed.seconds)
            owed.seconds = 0.0
        return answer(operation, request)

    patch.setattr(tables, "call", slow)
