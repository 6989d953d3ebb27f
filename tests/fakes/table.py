"""DynamoDB in memory: fast enough for thousands of histories, and a process can die at any write.

Kept of AWS: atomic single writes and transactions with their cancellation reasons; condition, key, filter, projection
of sparse indexes and update expressions as our code and PynamoDB write them; `ReturnValues`; the order of a partition;
`Limit`, `LastEvaluatedKey` and scan segments; unprocessed items; refused batches and unused names or values; on demand,
stale reads, throttling and a repeated write. `tests/store` makes the same calls on this table and on moto.

Not kept: capacity limits, the item limit of 400 KB, removal by TTL, conflicts of concurrent transactions (each call is
atomic and alone), the lag of an index, pages of 1 MB (unless a subclass gives the size of an item).
"""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from threading import RLock
from typing import Any
from zlib import crc32

from botocore.exceptions import ClientError

from tests.fakes.expressions import holds, tokens, updated

Item = dict[str, Any]
Key = tuple[str, str]
#: Called before and after each write with a label; may raise, or let something else happen in between.
Point = Callable[[str], None]
PAGE_BYTES = 1024 * 1024
#: TransactWriteItems carries a token, so that a repeat of it is a no-op.
_REPEATED = {"PutItem", "UpdateItem"}
_EQUALS = re.compile(r"([#\w]+) = (:\w+)")


@dataclass(frozen=True)
class Index:
    name: str
    hash: str
    range: str | None = None
    keys_only: bool = True


@dataclass(frozen=True)
class Schema:
    hash: str = "pk"
    range: str | None = "sk"
    indexes: tuple[Index, ...] = ()

    def key(self, item: Item) -> Key:
        return _text(item[self.hash]), _text(item[self.range]) if self.range else ""

    def key_of(self, item: Item) -> Item:
        return {name: item[name] for name in (self.hash, self.range) if name}


class Storage:
    """The items of one table. A change of an item replaces it, so an image that was handed out stays as it was."""

    def __init__(self, name: str, schema: Schema) -> None:
        self.name, self.schema = name, schema
        self.items: dict[Key, Item] = {}
        #: (key, old, new) of each change, in order: what the stream delivers.
        self.history: list[tuple[Key, Item | None, Item | None]] = []
        #: How many items each partition has, as far as they were written by calls.
        self.partitions: Counter[str] = Counter()
        #: Partition → sort keys in order. A deleted key stays, because a test may put its item back into `items`.
        self._sorts: dict[str, list[str]] = {}
        #: Partitions in the order of a scan: by the hash of their key.
        self._scanned: list[tuple[int, str]] = []
        self._indexes: dict[str, dict[str, dict[Key, Item]]] = {index.name: {} for index in schema.indexes}
        self._before: dict[Key, tuple[datetime | None, Item | None]] = {}

    def keys_in(self, partition: str) -> list[Key]:
        return [key for sort in self._sorts.get(partition, ()) if (key := (partition, sort)) in self.items]

    def scanned(self, after: Key | None, segment: int, segments: int) -> Iterator[Key]:
        """Keys of a segment in the order of a scan, later than `after`."""
        begin = bisect_left(self._scanned, _place(after[0])) if after is not None else 0
        for hashed, partition in islice(self._scanned, begin, None):
            if hashed % segments == segment:
                yield from (
                    key for key in self.keys_in(partition) if after is None or key[0] != after[0] or key > after
                )

    def entries(self, index: Index, partition: str) -> list[Item]:
        return list(self._indexes[index.name].get(partition, {}).values())

    def store(self, key: Key, new: Item | None) -> None:
        """Without a call: what a test or a bench lays out, and the inner half of a write."""
        old = self.items.get(key)
        self.partitions[key[0]] += (new is not None) - (old is not None)
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new
            if key[0] not in self._sorts:
                insort(self._scanned, _place(key[0]))
            sorts = self._sorts.setdefault(key[0], [])
            at = bisect_left(sorts, key[1])
            if at == len(sorts) or sorts[at] != key[1]:
                sorts.insert(at, key[1])
        for index in self.schema.indexes:
            self._store_entry(index, key, self.entry(index, old), self.entry(index, new))

    def _store_entry(self, index: Index, key: Key, old: Item | None, new: Item | None) -> None:
        entries = self._indexes[index.name]
        if old is not None:
            entries[_text(old[index.hash])].pop(key)
        if new is not None:
            entries.setdefault(_text(new[index.hash]), {})[key] = new

    def entry(self, index: Index, item: Item | None) -> Item | None:
        """The item as projected into the index; None while an index key is absent (a sparse index)."""
        wanted = [name for name in (index.hash, index.range) if name]
        if item is None or any(name not in item for name in wanted):
            return None
        return {**self.schema.key_of(item), **{name: item[name] for name in wanted}} if index.keys_only else item

    def change(self, key: Key, new: Item | None, now: datetime | None) -> bool:
        """False for a write without a difference: DynamoDB writes it, but its stream has no record of it."""
        old = self.items.get(key)
        if old == new:
            return False
        if key not in self._before or self._before[key][0] != now:
            self._before[key] = now, old
        self.store(key, new)
        self.history.append((key, old, new))
        return True

    def before(self, key: Key, now: datetime) -> tuple[bool, Item | None]:
        """Whether the item changed at this very moment, and what it was before."""
        changed, image = self._before.get(key, (None, None))
        return changed == now, image

    def clear_images(self) -> None:
        """No read is stale until the next change."""
        self._before.clear()

    def forget(self, key: Key) -> None:
        """Without a trace, for benches that measure the memory of the caller alone."""
        self.items.pop(key, None)
        self.partitions.pop(key[0], None)
        if self._sorts.pop(key[0], None) is not None:
            del self._scanned[bisect_left(self._scanned, _place(key[0]))]


def _place(partition: str) -> tuple[int, str]:
    return crc32(partition.encode()), partition


class MemoryDynamoDb:
    """`call(operation, request)` is one call on the wire, with attribute values as in DynamoDB's JSON.

    Raises:
        ClientError: what DynamoDB refuses.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.tables = {name: Storage(name, schema) for name, schema in schemas.items()}
        self.point: Point = lambda label: None
        #: True: DynamoDB takes only the items of a batch before this one, and gives the others back.
        self.leave_over: Callable[[str], bool] = lambda table: False
        self.refuse: Callable[[str], ClientError | None] = lambda operation: None
        #: True: the answer of this write is lost and the SDK asks again.
        self.repeat: Callable[[str], bool] = lambda operation: False
        #: True: an eventually consistent read sees what an item was before it changed at this very moment.
        self.is_stale: Callable[[], bool] = lambda: False
        self.clock: Callable[[], datetime | None] = lambda: None
        self.reads = self.writes = 0
        #: A page of a scan ends after so many items; DynamoDB's after a megabyte, wherever that is.
        self.scan_page = 100
        self._lock = RLock()

    def table(self, name: str) -> Storage:
        return self.tables[name]

    def call(self, operation: str, request: Item) -> Item:
        refusal = self.refuse(operation) or _unused(operation, request)
        if refusal is not None:
            raise refusal
        act = {
            "GetItem": self._get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": lambda write: self._single("Put", write),
            "UpdateItem": lambda write: self._single("Update", write),
            "DeleteItem": lambda write: self._single("Delete", write),
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "TransactWriteItems": self._transact,
        }[operation]
        with self._lock:  # each call is atomic, as DynamoDB's are; re-entrant, because `point` may act
            if operation in _REPEATED and self.repeat(operation):
                act(request)
            return act(request)

    # -- for a subclass that meters ----------------------------------------------------------------------------------

    def size(self, item: Item) -> int:
        """Bytes, for pages of 1 MB; 0: there are no such pages."""
        return 0

    def was_read(self, table: Storage, partition: str, found: list[Item], request: Item) -> None:
        """One read that is charged as a whole: a get, an entry of a batch, a page of a query."""

    def was_written(self, table: Storage, key: Key, old: Item | None, new: Item | None, factor: int) -> None:
        """One write that is charged, also when its condition failed."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def _get(self, request: Item) -> Item:
        found = self._read_one(self.table(request["TableName"]), request["Key"], request)
        return {"Item": found} if found else {}

    def _read_one(self, table: Storage, key: Item, request: Item) -> Item | None:
        self.reads += 1
        found = self._seen(table, table.schema.key(key), request)
        self.was_read(table, table.schema.key(key)[0], [found] if found else [], request)
        return deepcopy(found) if found else None

    def _seen(self, table: Storage, key: Key, request: Item) -> Item | None:
        now = self.clock()
        if now is not None and not request.get("ConsistentRead"):
            is_fresh, image = table.before(key, now)
            if is_fresh and self.is_stale():
                return image
        return table.items.get(key)

    def _batch_get(self, request: Item) -> Item:
        """Up to 100 keys; a list with a key twice is refused, as by DynamoDB."""
        wanted = {name: [self.table(name).schema.key(key) for key in part["Keys"]]
                  for name, part in request["RequestItems"].items()}  # fmt: skip
        if any(len(set(keys)) != len(keys) for keys in wanted.values()) or not 1 <= _total(wanted) <= 100:
            raise _invalid("BatchGetItem")
        found = {
            name: [item for key in part["Keys"] if (item := self._read_one(self.table(name), key, part))]
            for name, part in request["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def _query(self, request: Item) -> Item:
        self.reads += 1
        table = self.table(request["TableName"])
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        index = next((index for index in table.schema.indexes if index.name == request.get("IndexName")), None)
        partition = _partition(index.hash if index else table.schema.hash, request, names, values)
        if index is None:
            every = [item for key in table.keys_in(partition) if (item := self._seen(table, key, request))]
        else:
            every = sorted(table.entries(index, partition), key=lambda item: _position(table, index, item))
        every = [item for item in every if holds(request["KeyConditionExpression"], names, values, item)]
        page, last = self._page(table, index, every, request)
        self.was_read(table, partition, page, request)
        found = [deepcopy(item) for item in page if holds(request.get("FilterExpression"), names, values, item)]
        return {"Items": found, "Count": len(found), "ScannedCount": len(page), **last}

    def _page(self, table: Storage, index: Index | None, found: list[Item], request: Item) -> tuple[list[Item], Item]:
        """Limit and size count what was read, before the filter."""
        newest_first = not request.get("ScanIndexForward", True)
        if newest_first:
            found = found[::-1]
        if start := request.get("ExclusiveStartKey"):
            begin = _position(table, index, start)
            found = [i for i in found if (at := _position(table, index, i)) != begin and (at < begin) == newest_first]
        size, limit = 0, request.get("Limit", len(found))
        for number, item in enumerate(found):
            size += self.size(item)
            if number == limit or size > PAGE_BYTES:
                last = found[number - 1]
                more = {name: last[name] for name in (index.hash, index.range) if name} if index else {}
                return found[:number], {"LastEvaluatedKey": {**table.schema.key_of(last), **more}}
        return found, {}

    def _scan(self, request: Item) -> Item:
        """By a hash of the partition key, as DynamoDB: in nobody's order, and a segment holds whole partitions."""
        table = self.table(request["TableName"])
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        if ("Segment" in request) != ("TotalSegments" in request) or not 0 <= segment < segments:
            raise _invalid("Scan")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        start, limit = request.get("ExclusiveStartKey"), request.get("Limit", self.scan_page)
        after = table.schema.key(start) if start else None
        wanted = list(islice(table.scanned(after, segment, segments), limit + 1))
        page = [item for key in wanted[:limit] if (item := self._seen(table, key, request))]
        self.reads += len(page)
        found = [deepcopy(item) for item in page if holds(request.get("FilterExpression"), names, values, item)]
        last = {"LastEvaluatedKey": _as_item(table, wanted[limit - 1])} if len(wanted) > limit else {}
        return {"Items": found, "Count": len(found), "ScannedCount": len(page), **last}

    # -- writing -----------------------------------------------------------------------------------------------------

    def _single(self, what: str, request: Item) -> Item:
        self.point(f"before {what}")
        table = self.table(request["TableName"])
        key, old = _old(what, table, request)
        if not _allowed(request, old):
            self.was_written(table, key, old, old, 1)
            raise _condition_failed(request, old)
        new = _result(what, request, old)
        self._write(table, key, new)
        self.point(f"after {what}")
        returned = _returned(request, old, new)
        return {"Attributes": deepcopy(returned)} if returned else {}

    def _batch_write(self, request: Item) -> Item:
        """Up to 25 puts and deletes, each of its own: a process may die between two of them."""
        writes = [(name, entry) for name, entries in request["RequestItems"].items() for entry in entries]
        touched = [(name, self._entry(name, entry)[1]) for name, entry in writes]
        if len(set(touched)) != len(touched) or not 1 <= len(touched) <= 25:
            raise _invalid("BatchWriteItem")
        for number, (name, entry) in enumerate(writes):
            self.point("before BatchPut")
            if self.leave_over(name):
                left: dict[str, list[Item]] = {}
                for table, unprocessed in writes[number:]:
                    left.setdefault(table, []).append(unprocessed)
                return {"UnprocessedItems": left}
            what, key = self._entry(name, entry)
            self._write(self.table(name), key, _result(what, entry[f"{what}Request"], None))
            self.point("after BatchPut")
        return {"UnprocessedItems": {}}

    def _entry(self, name: str, entry: Item) -> tuple[str, Key]:
        ((kind, inner),) = entry.items()
        what = kind.removesuffix("Request")
        return what, _old(what, self.table(name), inner)[0]

    def _transact(self, request: Item) -> Item:
        self.point("before Transaction")
        changes: list[tuple[Storage, Key, Item | None, Item | None]] = []
        reasons: list[Item] = []
        for entry in request["TransactItems"]:
            ((what, write),) = entry.items()
            table = self.table(write["TableName"])
            key, old = _old(what, table, write)
            if any((table, key) == other[:2] for other in changes):
                raise ValueError(f"two operations of one transaction on {key}")
            allowed = _allowed(write, old)
            reasons.append({"Code": "None"} if allowed else _reason(write, old))
            changes.append((table, key, old, _result(what, write, old) if allowed else old))
        if any(reason["Code"] != "None" for reason in reasons):
            for table, key, old, new in changes:
                self.was_written(table, key, old, new, 2)
            message = f"Transaction cancelled, please refer cancellation reasons {[r['Code'] for r in reasons]}"
            raise refused("TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=reasons)
        for table, key, _, new in changes:
            self._write(table, key, new, 2)
        self.point("after Transaction")
        return {}

    def _write(self, table: Storage, key: Key, new: Item | None, factor: int = 1) -> None:
        self.was_written(table, key, table.items.get(key), new, factor)
        self.writes += table.change(key, new, self.clock())


class MemoryTable(MemoryDynamoDb):
    """One table with the keys `pk` and `sk`, under any name; `items` and `history` are its own."""

    def __init__(self) -> None:
        super().__init__({})
        self._only = Storage("table", Schema())

    def table(self, name: str) -> Storage:
        return self._only

    @property
    def items(self) -> dict[Key, Item]:
        return self._only.items

    @items.setter
    def items(self, items: dict[Key, Item]) -> None:
        """Items that were in the table before, or none: others are laid out with `put`."""
        self._only.items = items

    @property
    def history(self) -> list[tuple[Key, Item | None, Item | None]]:
        return self._only.history

    @history.setter
    def history(self, history: list[tuple[Key, Item | None, Item | None]]) -> None:
        self._only.history = history

    @property
    def partitions(self) -> Counter[str]:
        return self._only.partitions

    @partitions.setter
    def partitions(self, partitions: Counter[str]) -> None:
        self._only.partitions = partitions

    def put(self, item: Item) -> None:
        """Lay an item out, without a call and without a change in `history`."""
        self._only.store(self._only.schema.key(item), item)

    def clear_images(self) -> None:
        self._only.clear_images()

    def forget(self, key: Key) -> None:
        self._only.forget(key)

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


def refused(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """DynamoDB's answer; `more` are further members of its body."""
    answer: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError({**answer, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation)


def _invalid(operation: str) -> ClientError:
    return refused("ValidationException", "DynamoDB does not accept this request", operation)


def deepcopy(value: Any) -> Any:
    """Of plain JSON, four times as fast as the library's."""
    if isinstance(value, dict):
        return {name: deepcopy(inner) for name, inner in value.items()}
    return [deepcopy(inner) for inner in value] if isinstance(value, list) else value


def _unused(operation: str, request: Item) -> ClientError | None:
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


def _text(value: Mapping[str, Any]) -> str:
    ((_, content),) = value.items()
    return str(content)


def _total(lists: Mapping[str, list[Any]]) -> int:
    return sum(map(len, lists.values()))


def _as_item(table: Storage, key: Key) -> Item:
    parts = zip((table.schema.hash, table.schema.range), key, strict=True)
    return {name: {"S": text} for name, text in parts if name}


def _position(table: Storage, index: Index | None, item: Item) -> tuple[str, Key]:
    return _text(item[index.range]) if index and index.range else "", table.schema.key(item)


def _partition(wanted: str, request: Item, names: Item, values: Item) -> str:
    for name, value in _EQUALS.findall(request["KeyConditionExpression"]):
        if names.get(name, name) == wanted:
            return _text(values[value])
    raise refused("ValidationException", f"Query condition missed key schema element: {wanted}", "Query")


def _old(what: str, table: Storage, request: Item) -> tuple[Key, Item | None]:
    key = table.schema.key(request["Item"] if what == "Put" else request["Key"])
    return key, table.items.get(key)


def _allowed(request: Item, old: Item | None) -> bool:
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return holds(request.get("ConditionExpression"), names, values, old)


def _result(what: str, request: Item, old: Item | None) -> Item | None:
    if what == "Put":
        return dict(deepcopy(request["Item"]))
    if what == "Delete":
        return None
    if what == "ConditionCheck":
        return old
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    try:
        return updated(request["UpdateExpression"], names, values, old or deepcopy(request["Key"]))
    except KeyError as error:
        message = "The document path provided in the update expression is invalid for update"
        raise refused("ValidationException", message, "UpdateItem") from error


def _returned(request: Item, old: Item | None, new: Item | None) -> Item | None:
    """UPDATED_… gives whole top-level attributes, where DynamoDB gives the changed paths in them only."""
    wanted = request.get("ReturnValues", "NONE")
    image = {"NONE": None, "ALL_OLD": old, "UPDATED_OLD": old, "ALL_NEW": new, "UPDATED_NEW": new}[wanted]
    if image is None or wanted.startswith("ALL"):
        return image
    names = request.get("ExpressionAttributeNames", {})
    changed = {names.get(token, token) for token in tokens(request["UpdateExpression"])}
    return {name: value for name, value in image.items() if name in changed}


def _reason(request: Item, old: Item | None) -> Item:
    found = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    return {**found, **_image(request, old)}


def _condition_failed(request: Item, old: Item | None) -> ClientError:
    more = _image(request, old)
    return refused("ConditionalCheckFailedException", "The conditional request failed", "Write", **more)


def _image(request: Item, old: Item | None) -> Item:
    wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return {"Item": deepcopy(old)} if old and wanted else {}
