"""The world on a table in memory: five times as fast as moto. `tests/store/test_memory_table.py` keeps it honest."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import boto3.dynamodb.types
import pytest
from moto import mock_aws
from pynamodb.connection import Connection
from sodate.dynamodb.base import TableItem

from tests.simulation.table import MemoryTable
from tests.support.world import Json, World


class QuickWorld(World):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = MemoryTable()
        monkeypatch.setattr(Connection, "client", self.table)
        monkeypatch.setattr(TableItem, "create_table", lambda **_: None)
        monkeypatch.setattr(boto3, "client", cache(boto3.client))  # making one costs more than a whole form post
        super().__init__(monkeypatch)

    @property
    def dynamodb(self) -> Any:
        return _Client(self.table)

    @dynamodb.setter
    def dynamodb(self, _: Any) -> None:
        """The world makes a client of its own; here it has none."""


class _Client:
    def __init__(self, table: MemoryTable) -> None:
        self._table = table

    def put_item(self, TableName: str, Item: Json) -> None:
        self._table.items[Item["pk"]["S"], Item["sk"]["S"]] = Item

    def get_paginator(self, _: str) -> "_Client":
        return self

    def paginate(self, **_: Any) -> list[Json]:
        return [{"Items": list(self._table.items.values())}]


@contextmanager
def quick_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuickWorld]:
    with mock_aws():
        yield QuickWorld(monkeypatch)
