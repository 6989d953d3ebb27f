"""The additions to MiniStack, run in MiniStack's own environment: they lean on names that it may change."""

import subprocess
from pathlib import Path

import pytest

ENTRY = Path("cli/sodate_cli/local/ministack_entry.py")


def run(root: Path, code: str) -> str:
    python = root / ".venv-ministack" / "bin" / "python"
    if not python.exists():
        pytest.skip("MiniStack is not installed: make venv")
    prelude = f"import sys; sys.path.insert(0, {str((root / ENTRY).parent)!r}); import ministack_entry as entry\n"
    done = subprocess.run([str(python), "-c", prelude + code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_an_idle_ministack_has_no_work(root: Path) -> None:
    code = "import json; print(json.dumps(entry.work()))"
    assert run(root, code) == '{"executing": 0, "batches": 0, "stream_records": 0, "queues": {}}'


def test_time_passes_for_hidden_messages(root: Path) -> None:
    code = """
import time
messages = [{"visible_at": time.time() + 100}, {"visible_at": 0}]
entry.sqs._queues._data[("a", "r", "u")] = {"name": "q", "messages": messages}
before = entry.work()["queues"]["q"]
entry.wait(101)
after = entry.work()["queues"]["q"]
print(before["visible"], before["hidden"], 95 < before["next_in"] < 101, after)
"""
    assert run(root, code) == "1 1 True {'visible': 2, 'hidden': 0, 'next_in': None}"


def test_stream_records_that_no_function_has_read_are_work(root: Path) -> None:
    code = """
arn = "arn:aws:dynamodb:r:a:table/t/stream/2026"
entry.lambda_svc._esms._data[("a", "r", "m")] = {"UUID": "m", "EventSourceArn": arn, "Enabled": True}
entry.lambda_svc._dynamodb_stream_positions.set_scoped("a", "r", "m", 2)
entry.dynamodb.stream_end_position = lambda table, account_id, region: 5
print(entry.work()["stream_records"])
"""
    assert run(root, code) == "3"


def test_a_batch_call_of_sqs_needs_the_permission_of_the_single_call(root: Path) -> None:
    code = """
extract = entry.as_aws_names_it(entry.iam_actions.extract_iam_action)
ask = lambda service, target: extract(service, "POST", "/", {"x-amz-target": target}, b"{}", {})
print(ask("sqs", "AmazonSQS.SendMessageBatch"), ask("sqs", "AmazonSQS.SendMessage"), ask("dynamodb", "X.BatchGetItem"))
"""
    assert run(root, code) == "sqs:SendMessage sqs:SendMessage dynamodb:BatchGetItem"


def test_a_layer_is_unpacked_once_and_put_in_front_of_the_module_path(root: Path, tmp_path: Path) -> None:
    code = f"""
import io, pathlib, site, sys, zipfile
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as layer:
    layer.writestr("python/only_in_layer.py", "x = 1")
into = pathlib.Path({str(tmp_path)!r})
stand_in = entry.unpacked_once(lambda attachment: made.getvalue() if attachment else None, into)
first, second = stand_in("a"), stand_in("a")
target = into / "worker"
zipfile.ZipFile(io.BytesIO(first)).extractall(target)
site.addsitedir(str(target / "python/lib/python3/site-packages"))
import only_in_layer
unpacked = len(list(into.glob("*/python/*.py")))
print(first == second, stand_in(""), unpacked, only_in_layer.x, sys.path[0].endswith("python"))
"""
    assert run(root, code) == "True None 1 1 True"


def test_the_names_that_are_patched_are_still_looked_up_where_they_are_patched(root: Path) -> None:
    code = """
import inspect
from ministack.core import lambda_runtime
source = inspect.getsource(lambda_runtime)
gateway = inspect.getsource(entry.ministack)
print("from ministack.services.lambda_svc import _resolve_layer_zip" in source, "site.addsitedir" in source)
print("extract_iam_action," in gateway, "hypercorn_serve(app, config)" in gateway)
"""
    assert run(root, code).splitlines()[-2:] == ["True True", "True True"]


def test_s3_says_the_time_of_the_stage_of_an_object(root: Path, tmp_path: Path) -> None:
    code = f"""
import inspect, json, pathlib
clock = pathlib.Path({str(tmp_path)!r}) / "clock.json"
now = entry.at_time_of_stage(lambda: "2026-11-27T22:10:18.500Z", clock)
print(now())
clock.write_text(json.dumps({{"offset_seconds": 86400}}))
print(now(), entry.s3.iso_to_rfc7231(now()))
source = inspect.getsource(entry.s3)
print('"last_modified": now_iso()' in source, "from ministack.core.responses import" in source)
"""
    assert run(root, code).splitlines() == [
        "2026-11-27T22:10:18.500Z",
        "2026-11-28T22:10:18.500Z Sat, 28 Nov 2026 22:10:18 GMT",
        "True True",
    ]
