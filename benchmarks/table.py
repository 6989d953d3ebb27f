"""DynamoDB as the benchmarks need it: any number of tables and indexes in memory, each call metered.

Expressions are those of the simulation's table, which is held against moto; what is added here is the partition as a
place of its own (a query must not walk over a million items), indexes, batches, pages of 1 MB and units.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from benchmarks.meter import Meter, index_units, item_size, read_units, write_units
from tests.simulation.expressions import holds, updated

Item = dict[str, Any]
PAGE = 1024 * 1024
_PARTITION = re.compile(r"(#?\w+) = (:\w+)")


@dataclass(frozen=True)
class Index:
    name: str
    hash: str
    range: str | None = None
    keys_only: bool = True


@dataclass(frozen=True)
class Schema:
    hash: str
    range: str | None = None
    indexes: tuple[Index, ...] = ()
    what: Callable[[Item], str] = field(default=lambda item: "item")
    """A word for the kind of item, for the meter's lists."""


class Refused(Exception):
    """An error answer of DynamoDB; `more` are further members of its body."""

    def __init__(self, code: str, message: str, more: Item | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.more = code, message, more or {}


class Table:
    def __init__(self, name: str, schema: Schema, meter: Meter) -> None:
        self.name, self.schema, self.meter = name, schema, meter
        self.partitions: dict[str, dict[str, Item]] = {}
        self.indexes: dict[str, dict[str, dict[tuple[str, str], Item]]] = {index.name: {} for index in schema.indexes}

    def get(self, key: Item) -> Item | None:
        pk, sk = self.key(key)
        return self.partitions.get(pk, {}).get(sk)

    def key(self, item: Item) -> tuple[str, str]:
        return _text(item[self.schema.hash]), _text(item[self.schema.range]) if self.schema.range else ""

    def store(self, key: tuple[str, str], new: Item | None) -> None:
        """Without a charge: what the bench lays out beforehand, and the inner half of a write."""
        partition = self.partitions.setdefault(key[0], {})
        old = partition.pop(key[1], None)
        if new is not None:
            partition[key[1]] = new
        elif not partition:
            del self.partitions[key[0]]
        for index in self.schema.indexes:
            self._store_entry(index, key, self.entry(index, old), self.entry(index, new))

    def _store_entry(self, index: Index, key: tuple[str, str], old: Item | None, new: Item | None) -> None:
        held = self.indexes[index.name]
        if old is not None:
            held[_text(old[index.hash])].pop(key)
        if new is not None:
            held.setdefault(_text(new[index.hash]), {})[key] = new

    def entry(self, index: Index, item: Item | None) -> Item | None:
        """The item as the index holds it; None while an index key is absent (a sparse index)."""
        wanted = [index.hash, *([index.range] if index.range else [])]
        if item is None or any(name not in item for name in wanted):
            return None
        if not index.keys_only:
            return item
        names = {self.schema.hash, *([self.schema.range] if self.schema.range else []), *wanted}
        return {name: item[name] for name in names}

    def charge_write(self, key: tuple[str, str], old: Item | None, new: Item | None, factor: int = 1) -> None:
        what = self.schema.what(new or old or {self.schema.hash: {"S": key[0]}})
        self.meter.wrote(self.name, what, key[0], factor * write_units(old, new))
        for index in self.schema.indexes:
            before, after = self.entry(index, old), self.entry(index, new)
            units = index_units(before, after, tuple(name for name in (index.hash, index.range) if name))
            if units:
                place = _text((after or before or {})[index.hash])
                self.meter.wrote(f"{self.name}/{index.name}", f"{what} index", f"{index.name} {place}", units)


class Tables:
    """`answer(operation, request)` is one call on the wire, with plain attribute values as in DynamoDB's JSON."""

    def __init__(self, schemas: Mapping[str, Schema], meter: Meter | None = None) -> None:
        self.meter = meter or Meter()
        self.tables = {name: Table(name, schema, self.meter) for name, schema in schemas.items()}
        self.changes: list[tuple[str, Item | None, Item | None]] | None = None
        """(table, old, new) of each write, once somebody wants them."""

    def measure_anew(self) -> None:
        self.meter.usage = type(self.meter.usage)()

    def put(self, table: str, items: list[Item]) -> None:
        for item in items:
            self.tables[table].store(self.tables[table].key(item), item)

    def answer(self, operation: str, request: Item) -> Item:
        self.meter.call(operation)
        return {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "PutItem": lambda call: self._single("Put", call),
            "UpdateItem": lambda call: self._single("Update", call),
            "DeleteItem": lambda call: self._single("Delete", call),
            "BatchWriteItem": self._batch_write,
            "TransactWriteItems": self._transact,
        }[operation](request)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _get(self, request: Item) -> Item:
        found = self._read_one(self.tables[request["TableName"]], request["Key"], request)
        return {"Item": found} if found else {}

    def _read_one(self, table: Table, key: Item, how: Item) -> Item | None:
        found = table.get(key)
        units = read_units(item_size(found), consistent=bool(how.get("ConsistentRead")))
        table.meter.read(table.name, table.schema.what(found or key), table.key(key)[0], units)
        return found

    def _batch_get(self, request: Item) -> Item:
        responses: dict[str, list[Item]] = {}
        if sum(len(wanted["Keys"]) for wanted in request["RequestItems"].values()) > 100:
            raise Refused("ValidationException", "Too many items requested for the BatchGetItem call")
        for name, wanted in request["RequestItems"].items():
            found = [self._read_one(self.tables[name], key, wanted) for key in wanted["Keys"]]
            responses[name] = [item for item in found if item]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _query(self, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        if request.get("Select") == "COUNT":
            raise Refused("ValidationException", "nothing here may count items by reading them")
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        index = next((i for i in table.schema.indexes if i.name == request.get("IndexName")), None)
        partition = self._partition(table, index, request, names, values)
        if index is None:
            found = [item for _, item in sorted(table.partitions.get(partition, {}).items())]
        else:
            found = list(table.indexes[index.name].get(partition, {}).values())
        condition = request["KeyConditionExpression"]
        found = [item for item in found if holds(condition, names, values, item)]
        if not request.get("ScanIndexForward", True):
            found.reverse()
        page, last = self._page(table, found, request)
        units = read_units(sum(map(item_size, page)), consistent=bool(request.get("ConsistentRead")))
        what = table.schema.what(page[0]) if page else "nothing"
        table.meter.read(table.name, what, partition, units)
        kept = [item for item in page if holds(request.get("FilterExpression"), names, values, item)]
        answer: Item = {"Items": kept, "Count": len(kept), "ScannedCount": len(page)}
        return {**answer, "LastEvaluatedKey": last} if last else answer

    @staticmethod
    def _partition(table: Table, index: Index | None, request: Item, names: Item, values: Item) -> str:
        wanted = index.hash if index else table.schema.hash
        for name, value in _PARTITION.findall(request["KeyConditionExpression"]):
            if names.get(name, name) == wanted:
                return _text(values[value])
        raise Refused("ValidationException", f"Query condition missed key schema element: {wanted}")

    @staticmethod
    def _page(table: Table, found: list[Item], request: Item) -> tuple[list[Item], Item | None]:
        if start := request.get("ExclusiveStartKey"):
            at = next(n for n, item in enumerate(found) if table.key(item) == table.key(start))
            found = found[at + 1 :]
        size, limit = 0, request.get("Limit", len(found))
        for number, item in enumerate(found):
            size += item_size(item)
            if number == limit or size > PAGE:
                names = [name for name in (table.schema.hash, table.schema.range) if name]
                return found[:number], {name: found[number - 1][name] for name in names}
        return found, None

    # -- writing ---------------------------------------------------------------------------------------------------

    def _single(self, what: str, request: Item) -> Item:
        table = self.tables[request["TableName"]]
        key, old = self._old(what, table, request)
        if not _allowed(request, old):
            table.charge_write(key, old, old)
            more = {"Item": old} if old and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else None
            raise Refused("ConditionalCheckFailedException", "The conditional request failed", more)
        new = _result(what, request, old)
        table.charge_write(key, old, new)
        self._store(table, key, old, new)
        returned = _returned(request, old, new)
        return {"Attributes": returned} if returned else {}

    def _old(self, what: str, table: Table, request: Item) -> tuple[tuple[str, str], Item | None]:
        source = request["Item"] if what == "Put" else request["Key"]
        return table.key(source), table.get(source)

    def _batch_write(self, request: Item) -> Item:
        if sum(map(len, request["RequestItems"].values())) > 25:
            raise Refused("ValidationException", "Too many items requested for the BatchWriteItem call")
        for name, writes in request["RequestItems"].items():
            for write in writes:
                ((kind, inner),) = write.items()
                what = kind.removesuffix("Request")
                key, old = self._old(what, self.tables[name], inner)
                new = _result(what, inner, old)
                self.tables[name].charge_write(key, old, new)
                self._store(self.tables[name], key, old, new)
        return {"UnprocessedItems": {}}

    def _transact(self, request: Item) -> Item:
        """Each part is charged twice, for preparing and for committing; a refused transaction too."""
        changes, reasons = [], []
        for entry in request["TransactItems"]:
            ((what, write),) = entry.items()
            table = self.tables[write["TableName"]]
            key, old = self._old(what, table, write)
            allowed = _allowed(write, old)
            new = _result(what, write, old) if allowed else old
            table.charge_write(key, old, new, factor=2)
            changes.append((table, key, old, new))
            more = {"Item": old} if old and write.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
            reasons.append({"Code": "None"} if allowed else {"Code": "ConditionalCheckFailed", **more})
        if any(reason["Code"] != "None" for reason in reasons):
            message = f"Transaction cancelled, please refer cancellation reasons [{reasons}]"
            raise Refused("TransactionCanceledException", message, {"CancellationReasons": reasons})
        for table, key, old, new in changes:
            self._store(table, key, old, new)
        return {}

    def _store(self, table: Table, key: tuple[str, str], old: Item | None, new: Item | None) -> None:
        table.store(key, new)
        if self.changes is not None and old != new:
            self.changes.append((table.name, old, new))


def _text(value: Mapping[str, Any]) -> str:
    ((_, content),) = value.items()
    return str(content)


def _allowed(request: Item, old: Item | None) -> bool:
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return holds(request.get("ConditionExpression"), names, values, old)


def _returned(request: Item, old: Item | None, new: Item | None) -> Item | None:
    """UPDATED_NEW gives whole top-level attributes here, where DynamoDB gives the changed paths in them only."""
    wanted = request.get("ReturnValues", "NONE")
    if wanted == "UPDATED_NEW" and new is not None:
        return {name: value for name, value in new.items() if value != (old or {}).get(name)}
    return {"ALL_NEW": new, "ALL_OLD": old}.get(wanted)


def _result(what: str, request: Item, old: Item | None) -> Item | None:
    if what in ("Put", "Delete", "ConditionCheck"):
        return {"Put": request.get("Item"), "Delete": None, "ConditionCheck": old}[what]
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    try:
        return updated(request["UpdateExpression"], names, values, old or deepcopy(request["Key"]))
    except KeyError as error:
        message = "The document path provided in the update expression is invalid for update"
        raise Refused("ValidationException", message) from error
