"""Batch calls and conditional updates without a model: the calls that every email needs.

All values are DynamoDB JSON (`{"S": "text"}`), so that nothing is converted twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sodate.dynamodb.base import CONDITION_CODES, ConditionFailed, TableItem, caller
from sodate.errors import Transient

Raw = dict[str, Any]
_READ_AT_ONCE, _WRITE_AT_ONCE, _ROUNDS = 100, 25, 6


def call(operation: str, request: Raw) -> Raw:
    """One API call.

    Raises: `ConditionFailed` with the current item, or `Transient` when the table is not available.
    """
    try:
        return caller()._make_api_call(operation, request)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in CONDITION_CODES:
            raise ConditionFailed({0: dict(error.response).get("Item")}) from error  # type: ignore[dict-item]
        raise Transient(f"the table did not answer: {code}") from error
    except BotoCoreError as error:
        raise Transient(f"the table did not answer: {type(error).__name__}") from error


def update(
    pk: str, sk: str, expression: str, condition: str | None, names: Mapping[str, str], values: Mapping[str, Raw],
    returned: str = "NONE",
) -> Raw:  # fmt: skip
    """One conditional UpdateItem; returns its `Attributes` (empty for NONE)."""
    request = {
        "TableName": TableItem.Meta.table_name,
        "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ReturnValues": returned,
    }
    if values:  # DynamoDB rejects an empty map
        request["ExpressionAttributeValues"] = values
    if condition is not None:
        request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return dict(call("UpdateItem", request).get("Attributes") or {})


def get(pk: str, sk: str, *, consistent: bool = False) -> Raw | None:
    """One item, eventually consistent by default (half the price, usually at most a second old)."""
    request: Raw = {"TableName": TableItem.Meta.table_name, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
    if consistent:
        request["ConsistentRead"] = True
    return call("GetItem", request).get("Item")


def get_many(keys: Iterable[tuple[str, str]], *, consistent: bool = False) -> dict[tuple[str, str], Raw]:
    """Items by (pk, sk), eventually consistent unless `consistent`. Keys without an item are not in the result."""
    table, items = TableItem.Meta.table_name, {}
    how = {"ConsistentRead": True} if consistent else {}
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)]
    for start in range(0, len(wanted), _READ_AT_ONCE):
        left: Any = wanted[start : start + _READ_AT_ONCE]
        for _ in range(_ROUNDS):
            reply = call("BatchGetItem", {"RequestItems": {table: {"Keys": left, **how}}})
            for item in reply.get("Responses", {}).get(table, ()):
                items[item["pk"]["S"], item["sk"]["S"]] = item
            left = reply.get("UnprocessedKeys", {}).get(table, {}).get("Keys")
            if not left:
                break
        else:
            raise Transient("the table is too busy to read a batch")
    return items


def scan(start: Raw | None, segment: int = 0, segments: int = 1) -> Iterator[Raw]:
    """Every item after the key `start`, page by page, eventually consistent; items of one partition come together.

    Only for background jobs over all leads, never in a request (docs/data-model.md).
    """
    request: Raw = {"TableName": TableItem.Meta.table_name}
    if segments > 1:
        request |= {"Segment": segment, "TotalSegments": segments}
    while True:
        reply = call("Scan", request if start is None else {**request, "ExclusiveStartKey": start})
        yield from reply["Items"]
        start = reply.get("LastEvaluatedKey")
        if start is None:
            return


def key_of(item: Raw) -> Raw:
    return {"pk": item["pk"], "sk": item["sk"]}


def put(item: Raw) -> None:
    call("PutItem", {"TableName": TableItem.Meta.table_name, "Item": item})


def put_many(items: Sequence[Raw]) -> None:
    """Unconditional, not a transaction: only for items without concurrent writers.

    Raises: `Transient` when DynamoDB did not write all of them.
    """
    table = TableItem.Meta.table_name
    by_key = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
    entries = [{"PutRequest": {"Item": item}} for item in by_key.values()]
    for start in range(0, len(entries), _WRITE_AT_ONCE):
        left: Any = entries[start : start + _WRITE_AT_ONCE]
        for _ in range(_ROUNDS):
            left = call("BatchWriteItem", {"RequestItems": {table: left}}).get("UnprocessedItems", {}).get(table)
            if not left:
                break
        else:
            raise Transient("the table is too busy to write a batch")


def raw(item: TableItem) -> Raw:
    return dict(item.serialize())


def plain(value: Mapping[str, Any]) -> Any:
    """One attribute value as a Python value; whole numbers as int."""
    ((tag, content),) = value.items()
    if tag == "S":
        return content
    if tag == "N":
        return int(content) if content.lstrip("-").isdigit() else float(content)
    if tag == "M":
        return {name: plain(inner) for name, inner in content.items()}
    if tag == "L":
        return [plain(inner) for inner in content]
    return None if tag == "NULL" else content
