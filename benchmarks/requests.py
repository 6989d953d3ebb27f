"""What a form post and a step mail cost in DynamoDB calls and write units, counted on the in-process world's wire."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from sodate.table import keys

from tests.functions.test_hostile_input import handler_times
from tests.support.world import World, world

_UNIT = 1024


class Meter:
    """Counts calls and write units by AWS's rule: one unit per started KB of the item, twice that in a transaction."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.write_units = 0

    def note(self, operation: str, request: dict[str, Any]) -> None:
        self.calls[operation] += 1
        if operation == "TransactWriteItems":
            for action in request["TransactItems"]:
                ((_, content),) = action.items()
                self.write_units += 2 * _units(content)
        elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
            self.write_units += _units(request)


def _units(request: dict[str, Any]) -> int:
    """An update is billed by the whole item; ours (STATE, ledger) are kept below one unit."""
    return max(1, math.ceil(len(json.dumps(request.get("Item", {}), ensure_ascii=False).encode()) / _UNIT))


@contextmanager
def metered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    meter = Meter()
    original = BaseClient._make_api_call

    def counted(self: BaseClient, operation: str, request: dict[str, Any]) -> Any:
        if self.meta.service_model.service_name == "dynamodb" and operation != "Scan":
            meter.note(operation, request)
        return original(self, operation, request)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield meter


def measure() -> dict[str, Any]:
    patch = pytest.MonkeyPatch()
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
                        "POWERTOOLS_SERVICE_NAME": "bench", "POWERTOOLS_LOG_LEVEL": "ERROR"}.items():  # fmt: skip
        patch.setenv(name, value)
    try:
        with world(patch) as here:
            return _measure(here, patch)
    finally:
        patch.undo()
        boto3.DEFAULT_SESSION = None


def _measure(here: World, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    answers = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
    here.post({"email": "first@example.jp", **answers})
    with metered(patch) as post:
        here.post({"email": "second@example.jp", **answers})
    here.join("third@example.jp")
    here.now = _first_step(here)
    here.call("step_mail_dispatch", {})
    records = here.receive()
    with metered(patch) as step:
        here.call("mail_sender", {"Records": records})
    with metered(patch) as idle:
        here.now += timedelta(minutes=1)
        here.call("step_mail_dispatch", {})
    refused, stored = handler_times(here, patch)
    return {
        "hostile_inputs_p95_ms": {"refused": round(refused, 2), "stored": round(stored, 2)},
        "form_post_new_lead": {"calls": dict(post.calls), "write_units": post.write_units},
        "step_mail": {"calls": dict(step.calls), "write_units": step.write_units, "messages": len(records)},
        "idle_tick": {"calls": dict(idle.calls), "write_units": idle.write_units},
    }


def _first_step(here: World) -> Any:
    steps = [item["pk"] for item in here.items("due") if item["sk"].startswith("step#")]
    return keys.minute_start(keys.due_minute_of(min(steps)))
