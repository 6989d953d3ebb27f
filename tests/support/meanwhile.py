"""Lets something happen between a use case's reads and its transaction."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.world import World


def before_each_transaction(monkeypatch: pytest.MonkeyPatch, world: World, act: Callable[[], None]) -> None:
    client: Any = world.gateway.client
    real = client.call

    def call(operation: str, request: dict[str, Any]) -> Any:
        if operation == "TransactWriteItems":
            act()
        return real(operation, request)

    monkeypatch.setattr(client, "call", call)


def condition_failed() -> ClientError:
    """DynamoDB's answer to a transaction whose first condition is false."""
    error: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
    reason = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    return ClientError({**error, "CancellationReasons": [reason]}, "TransactWriteItems")
