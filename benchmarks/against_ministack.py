"""The same calls on MiniStack with `ReturnConsumedCapacity`: its units and the meter's, side by side.

MiniStack's own accounting is somebody else's reading of AWS's rules, so an equal answer is evidence, not proof.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import urllib3
from botocore.exceptions import ClientError

from benchmarks.table import Index, Schema, Tables

Json = dict[str, Any]
PYTHON = Path(__file__).parents[1] / ".venv-ministack" / "bin" / "python"
_TABLE = "metered"
_INDEX = "due"
_SCHEMAS = {_TABLE: Schema("pk", "sk", (Index(_INDEX, "due_at", "sk", keys_only=False),))}


def _key(pk: str, sk: str = "s") -> Json:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _item(pk: str, size: int, sk: str = "s", **more: Json) -> Json:
    return {**_key(pk, sk), **more, "x": {"S": "a" * size}}


def _update(pk: str, expression: str, **more: Any) -> tuple[str, Json]:
    return "UpdateItem", {"TableName": _TABLE, "Key": _key(pk), "UpdateExpression": expression, **more}


def _put(pk: str, size: int, **more: Any) -> tuple[str, Json]:
    return "PutItem", {"TableName": _TABLE, "Item": _item(pk, size, **more)}


def _query(pk: str, **more: Any) -> tuple[str, Json]:
    values = {":p": {"S": pk}}
    base = {"TableName": _TABLE, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": values}
    return "Query", {**base, **more}


_LATER, _VALUE = {":d": {"S": "20261124T0200"}}, {":v": {"L": [{"N": "29400000"}, {"N": "29390000"}]}}
_SIZES = (450, 3550)
_BY_DUE = {"IndexName": _INDEX, "KeyConditionExpression": "due_at = :d", "ExpressionAttributeValues": _LATER}

CALLS: tuple[tuple[str, tuple[str, Json]], ...] = (
    ("put, new, 500 bytes", _put("a", 450)),
    ("put over it, 3,500 bytes", _put("a", 3450)),
    ("put a small one over it", _put("a", 450)),
    ("put, exactly 1,024 bytes", _put("edge", 1014)),
    ("put, 1,025 bytes", _put("over", 1015)),
    ("put with an index key", _put("b", 450, due_at={"S": "20261123T0200"})),
    ("put the same again", _put("b", 450, due_at={"S": "20261123T0200"})),
    ("move the index key", _update("b", "SET due_at = :d", ExpressionAttributeValues=_LATER)),
    ("take the index key away", _update("b", "REMOVE due_at")),
    ("update of a list", _update("a", "SET mailed = :v", ExpressionAttributeValues=_VALUE)),
    ("update, refused", _update("a", "REMOVE mailed", ConditionExpression="attribute_not_exists(pk)")),
    ("get, eventually consistent", ("GetItem", {"TableName": _TABLE, "Key": _key("a")})),
    ("get, consistent", ("GetItem", {"TableName": _TABLE, "Key": _key("a"), "ConsistentRead": True})),
    ("get of nothing", ("GetItem", {"TableName": _TABLE, "Key": _key("nobody")})),
    ("query, one small item", _query("a")),
    ("query, nothing", _query("nobody")),
    ("query of the index", ("Query", {"TableName": _TABLE, **_BY_DUE})),
    (
        "batch write, 500 bytes and 3.5 KB",
        ("BatchWriteItem", {"RequestItems": {_TABLE: [{"PutRequest": {"Item": _item(f"w{n}", n)}} for n in _SIZES]}}),
    ),
    (
        "batch read, 0.5 KB and 3.5 KB and a miss",
        ("BatchGetItem", {"RequestItems": {_TABLE: {"Keys": [_key("w450"), _key("w3550"), _key("nobody")]}}}),
    ),
    (
        "transaction: put and update",
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": _put("t", 450)[1]}, {"Update": _update("over", "REMOVE nothing")[1]}]},
        ),
    ),
    ("delete, 2 units", ("DeleteItem", {"TableName": _TABLE, "Key": _key("over")})),
    ("delete of nothing", ("DeleteItem", {"TableName": _TABLE, "Key": _key("nobody")})),
)  # fmt: skip


def ours() -> dict[str, float]:
    here, found, before = Tables(_SCHEMAS), {}, 0.0
    for name, (operation, request) in CALLS:
        with suppress(ClientError):
            here.call(operation, request)
        total = here.meter.usage.write_units + here.meter.usage.read_units
        found[name], before = total - before, total
    return found


def theirs(url: str) -> dict[str, float | None]:
    """None where MiniStack says nothing: of a batch read and, as AWS, of a refused write."""
    client = boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106  # fmt: skip
    names = ("pk", "sk", "due_at")
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    index = {
        "IndexName": _INDEX,
        "KeySchema": [{"AttributeName": "due_at", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    client.create_table(
        TableName=_TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=keys,
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName=_TABLE, WaiterConfig={"Delay": 1})
    return {name: _consumed(client, operation, request) for name, (operation, request) in CALLS}


def _consumed(client: Any, operation: str, request: Json) -> float | None:
    try:
        answer = client._make_api_call(operation, {**request, "ReturnConsumedCapacity": "INDEXES"})
    except ClientError:
        return None
    consumed = answer.get("ConsumedCapacity")
    if not consumed:
        return None
    entries = consumed if isinstance(consumed, list) else [consumed]
    return sum(float(each["CapacityUnits"]) for each in entries)


@contextmanager
def ministack() -> Iterator[str]:
    """MiniStack alone, on a port of its own; ended with the block."""
    with socket.socket() as free, TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        env = {"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "GATEWAY_PORT": str(port),
               "BIND_HOST": "127.0.0.1", "SFTP_ENABLED": "0", "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
        program = [str(PYTHON), str(PYTHON.with_name("ministack"))]
        child = subprocess.Popen(program, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url)
            yield url
        finally:
            child.terminate()
            child.wait(10)


def _wait(url: str) -> None:
    http = urllib3.PoolManager(retries=False, timeout=2)
    for _ in range(150):
        try:
            if http.request("GET", f"{url}/_ministack/health").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.2)
    raise RuntimeError("MiniStack does not answer")


def measure() -> dict[str, Any]:
    """How many calls were compared and which differ: {call: [the meter's, MiniStack's]}."""
    mine = ours()
    with ministack() as url:
        other = theirs(url)
    compared = {name: [mine[name], units] for name, units in other.items() if units is not None}
    return {
        "compared": len(compared),
        "silent": sorted(set(mine) - set(compared)),
        "differ": {name: pair for name, pair in compared.items() if pair[0] != pair[1]},
    }
