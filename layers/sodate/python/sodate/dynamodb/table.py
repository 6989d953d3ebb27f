"""The table gateway: every read and write of the single table.

Requests are built from the models and expressions of PynamoDB (`item`, `statement`) and sent by the client that the
process chose (`client`, `lean_client`). Callers get our own errors, never botocore's.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.expressions.condition import Condition as Condition
from pynamodb.expressions.update import Action

from sodate.dynamodb.client import Client
from sodate.dynamodb.item import Item, Row, TableItem, decode, encode, key
from sodate.dynamodb.statement import Statement, attributes, compiled
from sodate.errors import Conflict, Transient
from sodate.messages import Message

_READ_AT_ONCE, _WRITE_AT_ONCE, _ROUNDS = 100, 25, 6
#: Calls of one transaction that conflicts with concurrent ones.
_TRIES = 4
CONDITION_CODES = {"ConditionalCheckFailedException", "ConditionalCheckFailed"}


@dataclass(frozen=True)
class Table:
    name: str
    client: Client

    def use(self) -> None:
        """From now on, calls of this module in this thread or task go to this table."""
        _used.set(self)


#: The table in use, per thread or task (docs/decisions/0080): a use case is never between two tables.
_used: ContextVar[Table] = ContextVar("table in use")


class Contention(Transient):
    """A concurrent transaction touched the same items; read again and retry at once."""


class ConditionFailed(Conflict):
    """A condition was false. `failed`: index of each failed write → the current item (DynamoDB JSON) or None."""

    def __init__(self, failed: dict[int, Row | None]) -> None:
        super().__init__(f"condition failed at write {sorted(failed)}")
        self.failed = failed

    @property
    def old(self) -> Row | None:
        return next(iter(self.failed.values()))


@dataclass(frozen=True)
class Put:
    item: TableItem
    condition: Condition | None = None

    @classmethod
    def new(cls, item: TableItem) -> "Put":
        """Fails when the key exists."""
        return cls(item, TableItem.pk.does_not_exist())


@dataclass(frozen=True)
class Update:
    item: TableItem
    actions: Sequence[Action]
    condition: Condition | None = None


@dataclass(frozen=True)
class Delete:
    item: TableItem
    condition: Condition | None = None


Write = Put | Update | Delete


def used() -> Table:
    """Raises: `RuntimeError` in a thread that called `Table.use` on none."""
    table = _used.get(None)
    if table is None:
        raise RuntimeError("no table is in use in this thread: call Table.use() first")
    return table


def name() -> str:
    return used().name


def call(operation: str, request: Row) -> Row:
    """One API call.

    Raises: `ConditionFailed` with the current items, `Contention`, or `Transient` when the table is not available.
    """
    try:
        return used().client.call(operation, request)
    except ClientError as error:
        raise _ours(error) from error
    except BotoCoreError as error:
        raise Transient(
            Message(
                "the table did not answer ({reason}); run the same command again later", reason=type(error).__name__
            )
        ) from error


def _ours(error: ClientError) -> Conflict | Transient:
    answer: Row = dict(error.response)
    code = str(answer.get("Error", {}).get("Code", ""))
    if code in CONDITION_CODES:
        return ConditionFailed({0: answer.get("Item")})
    if "CancellationReasons" not in answer:
        return Transient(f"the table did not answer: {code}")
    reasons = {n: reason for n, reason in enumerate(answer["CancellationReasons"]) if reason["Code"] != "None"}
    codes = {reason["Code"] for reason in reasons.values()}
    if codes and codes <= CONDITION_CODES:
        return ConditionFailed({index: reason.get("Item") for index, reason in reasons.items()})
    kind = Contention if codes and codes <= {"TransactionConflict", *CONDITION_CODES} else Transient
    return kind(f"the table rejected the transaction for now: {sorted(codes)}")


# -- one item ----------------------------------------------------------------------------------------------------------


def find(model: type[Item], pk: str, sk: str) -> Item | None:
    """Strongly consistent read of one item; None when it does not exist."""
    row = get(pk, sk, consistent=True)
    return decode(model, row) if row else None


def get(pk: str, sk: str, *, consistent: bool = False) -> Row | None:
    """One item, eventually consistent by default (half the price, usually at most a second old)."""
    request: Row = {"TableName": name(), "Key": key(pk, sk)}
    if consistent:
        request["ConsistentRead"] = True
    return call("GetItem", request).get("Item")


def put(item: TableItem, condition: Condition | None = None) -> None:
    put_row(encode(item), condition)


def put_new(item: TableItem) -> None:
    """Raises: `ConditionFailed` when the key exists."""
    put(item, TableItem.pk.does_not_exist())


def put_row(row: Row, condition: "Condition | Statement | None" = None, **parameters: Any) -> None:
    call("PutItem", _conditional({"TableName": name(), "Item": row}, (), condition, parameters))


def update(
    item: TableItem, actions: Sequence[Action], condition: Condition | None = None, returned: str = "NONE"
) -> Row:
    """One UpdateItem, with the key of `item`; returns its `Attributes` (empty for NONE)."""
    request: Row = {"TableName": name(), "Key": key(item.pk, item.sk), "ReturnValues": returned}
    return dict(call("UpdateItem", _conditional(request, actions, condition, {})).get("Attributes") or {})


def execute(pk: str, sk: str, statement: Statement, parameters: dict[str, Any], returned: str = "NONE") -> Row:
    """One UpdateItem by a statement that was compiled before; returns its `Attributes` (empty for NONE)."""
    request: Row = {"TableName": name(), "Key": key(pk, sk), "ReturnValues": returned}
    return dict(call("UpdateItem", _conditional(request, (), statement, parameters)).get("Attributes") or {})


def _conditional(
    request: Row, actions: Sequence[Action], condition: "Condition | Statement | None", parameters: dict[str, Any]
) -> Row:
    if isinstance(condition, Statement):
        request |= condition.filled(parameters)
    elif actions or condition is not None:
        request |= compiled(actions, condition)
    if "ConditionExpression" in request:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


# -- all or nothing ----------------------------------------------------------------------------------------------------


def commit(writes: Sequence[Write]) -> None:
    """Write all or nothing, in one TransactWriteItems call.

    A transaction that conflicts with a concurrent one wrote nothing, so it is retried at once: an opt-out must not fail
    with "busy" because a score is written in the same millisecond.

    Raises: `ConditionFailed` (with the current items, by index of the write) or `Transient`.
    """
    entries = [_entry(write) for write in writes]
    for left in reversed(range(_TRIES)):
        try:
            call("TransactWriteItems", {"TransactItems": entries, "ClientRequestToken": str(uuid4())})
        except Contention:
            if not left:
                raise
        else:
            return


def _entry(write: Write) -> Row:
    actions = write.actions if isinstance(write, Update) else ()
    where = {"Item": encode(write.item)} if isinstance(write, Put) else {"Key": key(write.item.pk, write.item.sk)}
    return {type(write).__name__: _conditional({"TableName": name(), **where}, actions, write.condition, {})}


# -- many items --------------------------------------------------------------------------------------------------------


def query(
    model: type[Item], pk: str, prefix: str = "", *, limit: int | None = None, newest_first: bool = False,
    since: str | None = None,
) -> list[Item]:  # fmt: skip
    """All items of one partition whose sort key starts with `prefix`, of the kinds of `model`, strongly consistent.

    `since`: a sort key with the prefix; only items from it on.
    """
    names: dict[str, str] = {}
    filled: dict[str, Any] = {}
    where = TableItem.pk == pk
    if since is not None:
        where &= TableItem.sk.between(since, f"{prefix}\uffff")
    elif prefix:
        where &= TableItem.sk.startswith(prefix)
    request: Row = {
        "TableName": name(),
        "KeyConditionExpression": where.serialize(names, filled),
        "FilterExpression": TableItem.kind.is_in(*kinds_of(model)).serialize(names, filled),
        **attributes(names, filled),
        "ConsistentRead": True,
        "ScanIndexForward": not newest_first,
    }
    items: list[Item] = []
    for page in _pages("Query", request if limit is None else {**request, "Limit": limit}):
        items += [decode(model, row) for row in page]
        if limit is not None and len(items) >= limit:
            return items[:limit]
    return items


def rows_of(pk: str, prefix: str = "") -> Iterator[Row]:
    """Every item of one partition whose sort key begins with `prefix`, of any kind, strongly consistent.

    Kinds that only a newer release knows are among them.
    """
    names: dict[str, str] = {}
    filled: dict[str, Any] = {}
    where = TableItem.pk == pk
    if prefix:
        where &= TableItem.sk.startswith(prefix)
    expression = where.serialize(names, filled)
    request = {"TableName": name(), "KeyConditionExpression": expression, **attributes(names, filled)}
    for rows in _pages("Query", {**request, "ConsistentRead": True}):
        yield from rows


def page(pk: str, after: str | None, limit: int) -> tuple[list[Row], str | None]:
    """Up to `limit` items of a partition after the sort key `after`, and the sort key after which the next page begins.

    Eventually consistent, of any kind.
    """
    request: Row = {
        "TableName": name(),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "Limit": limit,
    }
    if after is not None:
        request["ExclusiveStartKey"] = key(pk, after)
    reply = call("Query", request)
    last = reply.get("LastEvaluatedKey")
    return reply["Items"], last["sk"]["S"] if last else None


def rows_between(pk: str, first: str, last: str, *, consistent: bool = False) -> list[Row]:
    """Items of a partition from the sort key `first` to `last`, both included, of any kind."""
    request: Row = {
        "TableName": name(),
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":pk": {"S": pk}, ":first": {"S": first}, ":last": {"S": last}},
        "ConsistentRead": consistent,
    }
    return [row for page in _pages("Query", request) for row in page]


def scan(model: type[Item], condition: Condition | None = None, *, consistent: bool = False) -> Iterator[Item]:
    """The whole table, page by page, items of one partition together: only for an export that an operator starts."""
    names: dict[str, str] = {}
    filled: dict[str, Any] = {}
    wanted = TableItem.kind.is_in(*kinds_of(model))
    wanted = wanted if condition is None else condition & wanted
    request = {
        "TableName": name(),
        "FilterExpression": wanted.serialize(names, filled),
        "ConsistentRead": consistent,
        **attributes(names, filled),
    }
    for page in _pages("Scan", request):
        for row in page:
            yield decode(model, row)


def scan_rows(
    start: Row | None, segment: int = 0, segments: int = 1, *, only: Sequence[type[TableItem]] = ()
) -> Iterator[Row]:
    """Every item after the key `start`, page by page, eventually consistent; items of one partition come together.

    `only`: of these kinds. Only for background jobs over all leads, never in a request (docs/data-model.md).
    """
    request: Row = {"TableName": name()}
    if segments > 1:
        request |= {"Segment": segment, "TotalSegments": segments}
    if start is not None:
        request["ExclusiveStartKey"] = start
    if only:
        names: dict[str, str] = {}
        filled: dict[str, Any] = {}
        request["FilterExpression"] = TableItem.kind.is_in(*only).serialize(names, filled)
        request |= attributes(names, filled)
    for page in _pages("Scan", request):
        yield from page


def _pages(operation: str, request: Row) -> Iterator[list[Row]]:
    start = None
    while True:
        reply = call(operation, request if start is None else {**request, "ExclusiveStartKey": start})
        yield reply["Items"]
        start = reply.get("LastEvaluatedKey")
        if start is None:
            return


def kinds_of(model: type[TableItem]) -> list[type[TableItem]]:
    return list(TableItem.get_attributes()["kind"].get_registered_subclasses(model))  # type: ignore[attr-defined]


def get_many(keys: Iterable[tuple[str, str]], *, consistent: bool = False) -> dict[tuple[str, str], Row]:
    """Items by (pk, sk), eventually consistent unless `consistent`. Keys without an item are not in the result."""
    table, items = name(), {}
    how = {"ConsistentRead": True} if consistent else {}
    wanted = [key(pk, sk) for pk, sk in dict.fromkeys(keys)]
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
            raise Transient(Message("the table is too busy to read a batch; run the same command again later"))
    return items


def put_many(items: Sequence[Row]) -> None:
    """Unconditional, not a transaction: only for items without concurrent writers. Of one key, the last is written.

    Raises: `Transient` when DynamoDB did not write all of them.
    """
    by_key = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
    _write_many([{"PutRequest": {"Item": item}} for item in by_key.values()])


def delete_many(wanted: Iterable[tuple[str, str]]) -> None:
    """Unconditional, not a transaction: only for items that nobody may want any more, whoever wrote them last.

    Raises: `Transient` when DynamoDB did not delete all of them.
    """
    _write_many([{"DeleteRequest": {"Key": key(pk, sk)}} for pk, sk in dict.fromkeys(wanted)])


def _write_many(entries: list[Row]) -> None:
    table = name()
    for start in range(0, len(entries), _WRITE_AT_ONCE):
        left: Any = entries[start : start + _WRITE_AT_ONCE]
        for _ in range(_ROUNDS):
            left = call("BatchWriteItem", {"RequestItems": {table: left}}).get("UnprocessedItems", {}).get(table)
            if not left:
                break
        else:
            raise Transient(Message("the table is too busy to write a batch; run the same command again later"))
