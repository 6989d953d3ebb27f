"""The memory table of the tests with a meter: each call is charged by AWS's published rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.meter import Meter, index_units, item_size, read_units, write_units
from tests.fakes import table as fakes
from tests.fakes.table import Index, Item, Key, MemoryDynamoDb, Storage, refused

__all__ = ["Index", "Schema", "Tables"]


@dataclass(frozen=True)
class Schema(fakes.Schema):
    range: str | None = None
    what: Callable[[Item], str] = field(default=lambda item: "item")
    """A word for the kind of item, for the meter's lists."""


class Tables(MemoryDynamoDb):
    def __init__(self, schemas: Mapping[str, Schema], meter: Meter | None = None) -> None:
        super().__init__(schemas)
        self.meter = meter or Meter()
        self._what = {name: schema.what for name, schema in schemas.items()}
        self.keep_changes = False

    def measure_anew(self) -> None:
        self.meter.usage = type(self.meter.usage)()

    def put(self, table: str, items: list[Item]) -> None:
        """Without a charge."""
        storage = self.tables[table]
        for item in items:
            storage.store(storage.schema.key(item), item)

    def take_changes(self) -> list[tuple[str, Item | None, Item | None]]:
        """(table, old, new) of each change since the last look."""
        found = [(name, old, new) for name, table in self.tables.items() for _, old, new in table.history]
        for table in self.tables.values():
            table.history.clear()
        return found

    def call(self, operation: str, request: Item) -> Item:
        self.meter.call(operation)
        answer = super().call(operation, request)
        if not self.keep_changes:
            for table in self.tables.values():
                table.history.clear()
        return answer

    def size(self, item: Item) -> int:
        return item_size(item)

    def was_read(self, table: Storage, partition: str, found: list[Item], request: Item) -> None:
        units = read_units(sum(map(item_size, found)), consistent=bool(request.get("ConsistentRead")))
        is_query = "KeyConditionExpression" in request
        what = "nothing" if is_query else self._what[table.name]({table.schema.hash: {"S": partition}})
        self.meter.read(table.name, self._what[table.name](found[0]) if found else what, partition, units)

    def was_written(self, table: Storage, key: Key, old: Item | None, new: Item | None, factor: int) -> None:
        what = self._what[table.name](new or old or {table.schema.hash: {"S": key[0]}})
        self.meter.wrote(table.name, what, key[0], factor * write_units(old, new))
        for index in table.schema.indexes:
            before, after = table.entry(index, old), table.entry(index, new)
            units = index_units(before, after, tuple(name for name in (index.hash, index.range) if name))
            if units:
                ((_, place),) = (after or before or {})[index.hash].items()
                self.meter.wrote(f"{table.name}/{index.name}", f"{what} index", f"{index.name} {place}", units)

    def _query(self, request: Item) -> Item:
        if request.get("Select") == "COUNT":
            raise refused("ValidationException", "nothing here may count items by reading them", "Query")
        return super()._query(request)
