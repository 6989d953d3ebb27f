"""An empty table in moto, with the keys of the real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto import mock_aws
from sodate.dynamodb.client import sdk_client
from sodate.dynamodb.table import Table

_KEYS: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
_TYPES: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]


def create_table(name: str) -> None:
    client = boto3.client("dynamodb")
    client.create_table(TableName=name, KeySchema=_KEYS, AttributeDefinitions=_TYPES, BillingMode="PAY_PER_REQUEST")


@contextmanager
def moto_table(name: str) -> Iterator[Table]:
    """In use until the end of the block."""
    with mock_aws():
        create_table(name)
        table = Table(name, sdk_client())
        table.use()
        yield table
