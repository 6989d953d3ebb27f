"""The world on a table in memory: five times as fast as moto. `tests/store/test_memory_table.py` compares the two."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import boto3.dynamodb.types
import pytest
from moto import mock_aws
from sodate.dynamodb import keys
from sodate.dynamodb.table import Table
from sodate.kpis.counted import COUNTED
from sodate.scoring import replay_job
from sodate.scoring.replay_progress import ReplayOptions
from sodate.scoring.rescore import live_rules

from tests.fakes.table import MemoryTable
from tests.support.world import TABLE, Json, World, plain, removed, stream_record

NO_FAILURES: Json = {"batchItemFailures": []}
#: Making a client costs more than a whole form post; moto answers it in whichever test it is used.
_client = cache(boto3.client)


class QuickWorld(World):
    """What the world reads of the whole table is read in place: a test of many minutes does it thousands of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = MemoryTable()
        monkeypatch.setattr(boto3, "client", _client)
        super().__init__(monkeypatch)

    def items(self, kind: str | None = None) -> list[Json]:
        return [plain(item) for item in self.table.items.values() if kind is None or item["kind"]["S"] == kind]

    def stream_records(self) -> list[Json]:
        records: list[Json] = []
        for key, item in self.table.items.items():
            seen = self._seen.get(key)
            if seen is not item and seen != item:
                records.append(stream_record(item, seen, self._next_number(), self.now))
        gone = sorted(
            key for key in self._seen.keys() - self.table.items.keys() if self._seen[key]["kind"]["S"] in COUNTED
        )
        records += [removed(self._seen[key], self._next_number(), self.now) for key in gone]
        self._seen = dict(self.table.items)
        return records

    def _buckets(self) -> list[str]:
        return [pk for pk, _ in self.table.items if pk.startswith(keys.DUE)]

    def _create_table(self) -> Table:
        self.dynamodb = _Client(self.table)
        return Table(TABLE, self.table)


class _Client:
    def __init__(self, table: MemoryTable) -> None:
        self._table = table

    def put_item(self, TableName: str, Item: Json) -> None:
        self._table.put(Item)

    def get_paginator(self, _: str) -> "_Client":
        return self

    def paginate(self, **_: Any) -> list[Json]:
        return [{"Items": list(self._table.items.values())}]


def replay_everybody(world: QuickWorld) -> None:
    """The replay of all scores, segments and dates, as `sodate segment backfill` starts it."""
    version = live_rules(world.app.definitions).version
    tasks = replay_job.plan(f"JOB{world.now:%y%m%d%H%M}", 1, version, world.now, ReplayOptions(False, False))
    bodies = [json.dumps(task.to_message()) for task in tasks]
    while bodies:
        assert world.call("score_replay", {"Records": [{"messageId": "1", "body": bodies.pop()}]}) == NO_FAILURES
        reply = boto3.client("sqs").receive_message(QueueUrl=world.replay_queue, MaxNumberOfMessages=1)
        for message in reply.get("Messages", ()):
            boto3.client("sqs").delete_message(QueueUrl=world.replay_queue, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(message["Body"])
    world.settle()


@contextmanager
def quick_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with mock_aws():
        yield QuickWorld(monkeypatch)
