"""What the form post of a new lead costs in calls and units, and how long hostile posts keep a warm handler."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from sodate.forms.bots import time_token

from benchmarks.inside import inside
from benchmarks.ours import Ours, schemas
from tests.functions.test_hostile_input import handler_times
from tests.support.world import World, world

_ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}


def measure() -> dict[str, Any]:
    return {"form_post_new_lead": form_post(), "hostile_inputs_p95_ms": _hostile_inputs()}


def form_post() -> dict[str, Any]:
    with inside(schemas()) as (here, cloud):
        Ours(here, cloud).publish()
        for email in ("first@example.jp", "second@example.jp"):
            cloud.ask("measure_anew")
            opened = here.now - timedelta(minutes=1)
            token = time_token(
                "request-materials", here.app.secrets.signer(), opened
            )  # as the copy-paste form sends it
            body = json.dumps({"email": email, "_token": token, **_ANSWERS}, ensure_ascii=False)
            route, form = "POST /forms/{form_id}/submissions", {"form_id": "request-materials"}
            event = World.http_event(route, form, {"content-type": "application/json"}, body, False)
            answer = here.call("form_capture", event)
            assert answer["statusCode"] == 201, answer
        usage = cloud.ask("usage")
        return {name: usage[name] for name in ("calls", "write_units", "read_units", "by_item")}


def _hostile_inputs() -> dict[str, float]:
    patch = pytest.MonkeyPatch()
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
                        "POWERTOOLS_SERVICE_NAME": "bench", "POWERTOOLS_LOG_LEVEL": "ERROR"}.items():  # fmt: skip
        patch.setenv(name, value)
    try:
        with world(patch) as here:
            refused, stored = handler_times(here, patch)
    finally:
        patch.undo()
        boto3.DEFAULT_SESSION = None
    return {"refused": round(refused, 2), "stored": round(stored, 2)}
