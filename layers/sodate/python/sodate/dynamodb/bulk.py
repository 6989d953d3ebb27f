"""Temporary: names of the earlier gateway, until every room uses `sodate.dynamodb.table`."""

from collections.abc import Mapping

from sodate.dynamodb import table
from sodate.dynamodb.item import Row as Raw
from sodate.dynamodb.item import encode as raw
from sodate.dynamodb.item import key, key_of, plain
from sodate.dynamodb.table import call, get, get_many, put_many
from sodate.dynamodb.table import put_row as put
from sodate.dynamodb.table import scan_rows as scan

__all__ = ["Raw", "call", "get", "get_many", "key_of", "plain", "put", "put_many", "raw", "scan", "update"]


def update(
    pk: str, sk: str, expression: str, condition: str | None, names: Mapping[str, str], values: Mapping[str, Raw],
    returned: str = "NONE",
) -> Raw:  # fmt: skip
    request = {
        "TableName": table.name(),
        "Key": key(pk, sk),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ReturnValues": returned,
    }
    if values:
        request["ExpressionAttributeValues"] = values
    if condition is not None:
        request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return dict(call("UpdateItem", request).get("Attributes") or {})
