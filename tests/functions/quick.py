"""The world on a table in memory: five times as fast as moto. `tests/store/test_memory_table.py` keeps it honest."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import boto3.dynamodb.types
import pytest
from moto import mock_aws
from sodate.dynamodb.table import Table

from tests.fakes.table import MemoryTable
from tests.support.world import TABLE, Json, World


class QuickWorld(World):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = MemoryTable()
        monkeypatch.setattr(boto3, "client", cache(boto3.client))  # making one costs more than a whole form post
        super().__init__(monkeypatch)

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


@contextmanager
def quick_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with mock_aws():
        yield QuickWorld(monkeypatch)
