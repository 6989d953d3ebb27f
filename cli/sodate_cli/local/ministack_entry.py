"""MiniStack with two more addresses, which time travel needs. It runs in MiniStack's own environment, without ours.

GET /_sodate/work tells what is still going on: functions that run, stream records and queue messages not yet handled,
and when the next hidden message shows itself. From outside, a queue that is empty for a moment and a finished queue
look the same.
POST /_sodate/wait {"seconds": n} lets n seconds pass for queues: delays and visibility timeouts shrink by that much.

S3 says that an object is as old as the clock of the stage has it, since the time of a reply is that of its object.

A correction: AWS has no permission of its own for the batch calls of SQS, MiniStack asks for one.
A shortcut: MiniStack unpacks every layer for every worker, which is 160 MB ten times; here a layer is unpacked once.

It reads names that MiniStack does not promise to keep; requirements/ministack.txt pins the version, and
tests/unit/local/test_ministack_entry.py fails when one of them is gone.
"""

import asyncio
import hashlib
import io
import json
import os
import tempfile
import threading
import time
import zipfile
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ministack import app as ministack  # type: ignore[import-not-found]
from ministack.core import iam_actions  # type: ignore[import-not-found]
from ministack.services import dynamodb, lambda_svc, s3, sqs  # type: ignore[import-not-found]

Send = Callable[[dict[str, Any]], Awaitable[None]]


def work() -> dict[str, Any]:
    """A snapshot; everything in it may have changed a moment later, so ask twice."""
    now = time.time()
    return {
        "executing": lambda_svc.executions_in_flight()[0],
        "batches": sum(dict(lambda_svc._esm_inflight).values()),
        "stream_records": sum(_behind(*mapping) for mapping in list(lambda_svc._iter_all_esms())),
        "queues": {queue["name"]: _messages(queue, now) for queue in list(sqs._queues._data.values())},
    }


def _behind(account: str, region: str, mapping: dict[str, Any]) -> int:
    arn = mapping.get("EventSourceArn", "")
    if "/stream/" not in arn or not mapping.get("Enabled", True):
        return 0
    table = arn.split("/stream/")[0].rpartition("/")[2]
    end: int = dynamodb.stream_end_position(table, account_id=account, region=region)
    position: int = lambda_svc._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"], end)
    return max(0, end - position)


def _messages(queue: dict[str, Any], now: float) -> dict[str, Any]:
    waits = [message["visible_at"] - now for message in list(queue["messages"])]
    hidden = [wait for wait in waits if wait > 0]
    return {"visible": len(waits) - len(hidden), "hidden": len(hidden), "next_in": min(hidden, default=None)}


def wait(seconds: float) -> None:
    for queue in list(sqs._queues._data.values()):
        for message in list(queue["messages"]):
            message["visible_at"] -= seconds
    lambda_svc._esm_wake.set()


def as_aws_names_it(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    """SendMessageBatch needs sqs:SendMessage, and so on (SQS guide, "Actions, resources, and condition keys")."""

    def action(*request: Any, **options: Any) -> str | None:
        name: str | None = extract(*request, **options)
        return name.removesuffix("Batch") if name and name.startswith("sqs:") else name

    return action


def unpacked_once(resolve: Callable[[Any], bytes | None], into: Path) -> Callable[[Any], bytes | None]:
    """Give MiniStack, instead of a layer, a tiny one that puts the unpacked layer in front of the module path."""
    lock = threading.Lock()

    def stand_in(attachment: Any) -> bytes | None:
        content = resolve(attachment)
        if content is None:
            return None
        folder = into / hashlib.sha256(content).hexdigest()
        with lock:
            if not folder.exists():
                scratch = folder.with_suffix(".new")
                with zipfile.ZipFile(io.BytesIO(content)) as layer:
                    layer.extractall(scratch)
                scratch.rename(folder)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as tiny:
            line = f"import sys; sys.path.insert(0, {str(folder / 'python')!r})\n"
            tiny.writestr("python/lib/python3/site-packages/layer.pth", line)
        return made.getvalue()

    return stand_in


def at_time_of_stage(now_iso: Callable[[], str], clock_file: Path) -> Callable[[], str]:
    """The same text, moved by what `sodate local advance` let pass."""

    def now() -> str:
        try:
            offset = timedelta(seconds=int(json.loads(clock_file.read_text())["offset_seconds"]))
        except FileNotFoundError:
            offset = timedelta()
        at = datetime.fromisoformat(now_iso().replace("Z", "+00:00")) + offset
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return now


def with_our_addresses(inner: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/_sodate/"):
            await inner(scope, receive, send)
        elif (scope["method"], scope["path"]) == ("GET", "/_sodate/work"):
            await _answer(send, 200, await asyncio.to_thread(work))
        elif (scope["method"], scope["path"]) == ("POST", "/_sodate/wait"):
            await asyncio.to_thread(wait, float(json.loads((await receive())["body"])["seconds"]))
            await _answer(send, 200, {})
        else:
            await _answer(send, 404, {})

    return app


async def _answer(send: Send, status: int, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    iam_actions.extract_iam_action = as_aws_names_it(iam_actions.extract_iam_action)
    s3.now_iso = at_time_of_stage(s3.now_iso, Path(os.environ["SODATE_CLOCK_FILE"]))
    layers = Path(tempfile.gettempdir()) / "layers"
    lambda_svc._resolve_layer_zip = unpacked_once(lambda_svc._resolve_layer_zip, layers)
    ministack.app = with_our_addresses(ministack.app)
    ministack.main()
