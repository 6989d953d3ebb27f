"""DynamoDB in memory, below PynamoDB: fast enough for thousands of histories, and it can die at any write.

It answers the calls our code makes and no others. `test_table_contract.py` runs the same calls on moto.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from threading import RLock
from typing import Any
from zlib import crc32

from botocore.exceptions import ClientError

from tests.simulation.expressions import holds, tokens, updated

Item = dict[str, Any]
Key = tuple[str, str]
#: Called before and after each write with a label; may raise, or let something else happen in between.
Point = Callable[[str], None]
#: TransactWriteItems carries a token, so that a repeat of it is a no-op.
_REPEATED = {"PutItem", "UpdateItem"}


class MemoryTable:
    """`history` has every change: (key, old, new). It is the stream, and the proof of what was true when."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.history: list[tuple[Key, Item | None, Item | None]] = []
        self.point: Point = lambda label: None
        #: True: DynamoDB takes only the items of a batch before this one, and gives the others back.
        self.leave_over: Callable[[str], bool] = lambda table: False
        self.refuse: Callable[[str], ClientError | None] = lambda operation: None
        #: True: the answer of this write is lost and the SDK asks again.
        self.repeat: Callable[[str], bool] = lambda operation: False
        #: True: an eventually consistent read sees what an item was before it changed at this very moment.
        self.is_stale: Callable[[], bool] = lambda: False
        self.clock: Callable[[], datetime | None] = lambda: None
        #: How many items lie in each partition, as far as they were written by calls.
        self.partitions: Counter[str] = Counter()
        self.reads = self.writes = 0
        #: A page of a scan ends after so many items; DynamoDB's after a megabyte, wherever that is.
        self.scan_page = 100
        self._lock = RLock()
        self._before: dict[Key, tuple[datetime | None, Item | None]] = {}

    @contextmanager
    def as_of(self, changes: int) -> Iterator[None]:
        """Reads inside see the items as they were after so many changes."""
        latest, self.items = self.items, dict(self.items)
        for key, old, _ in reversed(self.history[changes:]):
            if old is None:
                self.items.pop(key, None)
            else:
                self.items[key] = old
        try:
            yield
        finally:
            self.items = latest

    def call(self, operation: str, request: Item) -> Item:
        refusal = self.refuse(operation) or _leftover(operation, request)
        if refusal is not None:
            raise refusal
        act = {
            "GetItem": self._get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "TransactWriteItems": self._transact,
        }[operation]
        with self._lock:  # each call is atomic, as DynamoDB's are; re-entrant, because `point` may act
            if operation in _REPEATED and self.repeat(operation):
                act(request)
            return act(request)

    def _get(self, request: Item) -> Item:
        self.reads += 1
        found = self._seen(_key(request["Key"]), request)
        return {"Item": deepcopy(found)} if found else {}

    def _seen(self, key: Key, request: Item) -> Item | None:
        now = self.clock()
        if now is not None and key in self._before and not request.get("ConsistentRead") and self.is_stale():
            changed, before = self._before[key]
            if changed == now:
                return before
        return self.items.get(key)

    def _batch_get(self, request: Item) -> Item:
        """Up to 100 keys; a list with a key twice is refused, as by DynamoDB."""
        ((name, wanted),) = request["RequestItems"].items()
        keys = [_key(key) for key in wanted["Keys"]]
        if len(set(keys)) != len(keys) or not 1 <= len(keys) <= 100:
            raise _invalid("BatchGetItem")
        self.reads += len(keys)
        found = [deepcopy(item) for key in keys if (item := self._seen(key, wanted))]
        return {"Responses": {name: found}, "UnprocessedKeys": {}}

    def _batch_write(self, request: Item) -> Item:
        """Up to 25 puts, each of its own: a process may die between two of them."""
        ((name, entries),) = request["RequestItems"].items()
        items = [entry["PutRequest"]["Item"] for entry in entries]
        if len({_key(item) for item in items}) != len(items) or not 1 <= len(items) <= 25:
            raise _invalid("BatchWriteItem")
        for number, item in enumerate(items):
            self.point("before BatchPut")
            if self.leave_over(name):
                return {"UnprocessedItems": {name: entries[number:]}}
            self._write(_key(item), deepcopy(item))
            self.point("after BatchPut")
        return {"UnprocessedItems": {}}

    def _query(self, request: Item) -> Item:
        self.reads += 1
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        partitions = {value["S"] for value in values.values() if "S" in value}
        found = [
            deepcopy(item)
            for key in sorted(key for key in self.items if key[0] in partitions)
            if (item := self._seen(key, request))
            and holds(request["KeyConditionExpression"], names, values, item)
            and holds(request.get("FilterExpression"), names, values, item)
        ]
        if not request.get("ScanIndexForward", True):
            found.reverse()
        if start := request.get("ExclusiveStartKey"):
            found = [item for item in found if _key(item) > _key(start)]
        limit = request.get("Limit", len(found))
        is_cut = len(found) > limit
        found = found[:limit]
        last = {"LastEvaluatedKey": {name: found[-1][name] for name in ("pk", "sk")}} if is_cut else {}
        return {"Items": found, "Count": len(found), "ScannedCount": len(found), **last}

    def _scan(self, request: Item) -> Item:
        """By a hash of the partition key, as DynamoDB: in nobody's order, and a segment holds whole partitions."""
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        if ("Segment" in request) != ("TotalSegments" in request) or not 0 <= segment < segments:
            raise _invalid("Scan")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        start, limit = request.get("ExclusiveStartKey"), request.get("Limit", self.scan_page)
        places = sorted((crc32(key[0].encode()), key) for key in self.items)
        after = (crc32(start["pk"]["S"].encode()), _key(start)) if start else None
        wanted = [
            key for hashed, key in places if hashed % segments == segment and (not after or (hashed, key) > after)
        ]
        page = [item for key in wanted[:limit] if (item := self._seen(key, request))]
        self.reads += len(page)
        found = [deepcopy(item) for item in page if holds(request.get("FilterExpression"), names, values, item)]
        last = {"LastEvaluatedKey": _as_item(wanted[limit - 1])} if len(wanted) > limit else {}
        return {"Items": found, "Count": len(found), "ScannedCount": len(page), **last}

    def _put(self, request: Item) -> Item:
        return self._single("Put", request)

    def _update(self, request: Item) -> Item:
        return self._single("Update", request)

    def _single(self, what: str, request: Item) -> Item:
        self.point(f"before {what}")
        key, old = self._old(what, request)
        if not _allowed(request, old):
            raise _refused("ConditionalCheckFailedException", request, old)
        self._write(key, _result(what, request, old))
        self.point(f"after {what}")
        told = old or {} if str(request.get("ReturnValues")).endswith("OLD") else self.items[key]
        return {"Attributes": deepcopy(told)} if what == "Update" else {}

    def _transact(self, request: Item) -> Item:
        self.point("before Transaction")
        changes: list[tuple[Key, Item | None]] = []
        reasons: list[Item] = []
        for entry in request["TransactItems"]:
            ((what, write),) = entry.items()
            key, old = self._old(what, write)
            if any(key == other for other, _ in changes):
                raise ValueError(f"two operations of one transaction on {key}")
            allowed = _allowed(write, old)
            reasons.append({"Code": "None"} if allowed else _reason(write, old))
            changes.append((key, _result(what, write, old) if allowed else None))
        if any(reason["Code"] != "None" for reason in reasons):
            error = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
            raise ClientError({**error, "CancellationReasons": reasons}, "TransactWriteItems")
        for entry, (key, new) in zip(request["TransactItems"], changes, strict=True):
            if "ConditionCheck" not in entry:
                self._write(key, new)
        self.point("after Transaction")
        return {}

    def _old(self, what: str, request: Item) -> tuple[Key, Item | None]:
        key = _key(request["Item"] if what == "Put" else request["Key"])
        return key, self.items.get(key)

    def _write(self, key: Key, new: Item | None) -> None:
        old = self.items.get(key)
        if old == new:
            return  # DynamoDB writes it, but its stream says nothing
        self.writes += 1
        now = self.clock()
        if key not in self._before or self._before[key][0] != now:
            self._before[key] = now, old
        self.partitions[key[0]] += (new is not None) - (old is not None)
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new
        self.history.append((key, old, new))


def _invalid(operation: str) -> ClientError:
    error = {"Error": {"Code": "ValidationException", "Message": "not a batch that DynamoDB takes"}}
    return ClientError(error, operation)  # type: ignore[arg-type]


def deepcopy(value: Any) -> Any:
    """Of plain JSON, four times as fast as the library's."""
    if isinstance(value, dict):
        return {name: deepcopy(inner) for name, inner in value.items()}
    return [deepcopy(inner) for inner in value] if isinstance(value, list) else value


def _leftover(operation: str, request: Item) -> ClientError | None:
    """DynamoDB refuses a request with a name or a value that no expression of it uses, and an empty map of them."""
    if not all(request.get(kind, True) for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues")):
        return _invalid(operation)
    given = {*request.get("ExpressionAttributeNames", {}), *request.get("ExpressionAttributeValues", {})}
    used = {token for name, text in request.items() if name.endswith("Expression") for token in tokens(text)}
    return _invalid(operation) if given - used else None


def plain(value: Item) -> Any:
    """One attribute value as Python has it."""
    ((tag, content),) = value.items()
    if tag == "M":
        return {name: plain(inner) for name, inner in content.items()}
    if tag == "L":
        return [plain(inner) for inner in content]
    return Decimal(content) if tag == "N" else None if tag == "NULL" else content


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _as_item(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _allowed(request: Item, old: Item | None) -> bool:
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return holds(request.get("ConditionExpression"), names, values, old)


def _result(what: str, request: Item, old: Item | None) -> Item | None:
    if what == "Put":
        return deepcopy(request["Item"])
    if what == "Delete":
        return None
    if what == "ConditionCheck":
        return old
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    try:
        return updated(request["UpdateExpression"], names, values, old or deepcopy(request["Key"]))
    except KeyError as error:
        message = "The document path provided in the update expression is invalid for update"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "UpdateItem") from error


def _reason(request: Item, old: Item | None) -> Item:
    found = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    return {**found, "Item": deepcopy(old)} if old and request.get("ReturnValuesOnConditionCheckFailure") else found


def _refused(code: str, request: Item, old: Item | None) -> ClientError:
    answer: Item = {"Error": {"Code": code, "Message": "The conditional request failed"}}
    if old and request.get("ReturnValuesOnConditionCheckFailure"):
        answer["Item"] = deepcopy(old)
    return ClientError(answer, "Write")  # type: ignore[arg-type]
