"""The single table: one PynamoDB base model with a discriminator, and its reads and writes.

Callers get our own errors (`ConditionFailed`, `Transient`), never botocore's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from sodate.dynamodb.wire import Caller
from sodate.errors import Conflict, Transient


class TableItem(Model):
    class Meta:
        table_name = "sodate-unbound"
        region: str | None = None
        billing_mode = "PAY_PER_REQUEST"
        connect_timeout_seconds = 2
        read_timeout_seconds = 5
        max_retry_attempts = 3

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    ttl = NumberAttribute(null=True)


Item = TypeVar("Item", bound=TableItem)


class Contention(Transient):
    """A concurrent transaction touched the same items; read again and retry at once."""


CONDITION_CODES = {"ConditionalCheckFailedException", "ConditionalCheckFailed"}


class ConditionFailed(Conflict):
    """A condition was false. `failed`: index of each failed write → the current item (raw attribute values) or None."""

    def __init__(self, failed: dict[int, dict[str, Any] | None]) -> None:
        super().__init__(f"condition failed at write {sorted(failed)}")
        self.failed = failed

    @property
    def old(self) -> dict[str, Any] | None:
        return next(iter(self.failed.values()))

    def old_as(self, model: type[Item], write: int) -> Item | None:
        raw = self.failed.get(write)
        return model.from_raw_data(raw) if raw else None


@dataclass
class _Bound:
    wire: Caller | None = None


_bound = _Bound()


def caller() -> Caller:
    """The lean client when one is bound, otherwise PynamoDB's client."""
    if _bound.wire is not None:
        return _bound.wire
    client: Caller = TableItem._get_connection().connection.client
    return client


def bind(table_name: str, wire: Caller | None = None) -> None:
    """Point every model at the stage's table. Called once by the container."""
    _bound.wire = wire
    TableItem.Meta.table_name = table_name
    for model in _subclasses(TableItem):
        model.Meta.table_name = table_name
        if model._connection is not None and model._connection.table_name != table_name:
            model._connection = None


def _subclasses(model: type[TableItem]) -> Iterator[type[TableItem]]:
    yield model
    for child in model.__subclasses__():
        yield from _subclasses(child)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except TransactWriteError as error:
        reasons = [reason for reason in error.cancellation_reasons if reason]
        failed = {
            index: reason.raw_item
            for index, reason in enumerate(error.cancellation_reasons)
            if reason and reason.code in CONDITION_CODES
        }
        if failed and len(failed) == len(reasons):
            raise ConditionFailed(failed) from error
        codes = {reason.code for reason in reasons}
        kind = Contention if codes and codes <= {"TransactionConflict", *CONDITION_CODES} else Transient
        raise kind(f"the table rejected the transaction for now: {sorted(codes)}") from error
    except PynamoDBException as error:
        if error.cause_response_code in CONDITION_CODES:
            raw = getattr(error.cause, "response", {}).get("Item")
            raise ConditionFailed({0: raw}) from error
        raise Transient(f"the table did not answer: {error.cause_response_code or type(error).__name__}") from error


def find(model: type[Item], pk: str, sk: str) -> Item | None:
    """Strongly consistent read of one item; None when it does not exist.

    Raises: `Transient` when the table is not available.
    """
    with _our_errors():
        try:
            return model.get(pk, sk, consistent_read=True)
        except DoesNotExist:
            return None


def query(
    model: type[Item], pk: str, prefix: str = "", *, limit: int | None = None, newest_first: bool = False
) -> list[Item]:
    """All items of one partition whose sort key starts with `prefix`, strongly consistent."""
    condition = model.sk.startswith(prefix) if prefix else None
    with _our_errors():
        return list(model.query(pk, condition, consistent_read=True, limit=limit, scan_index_forward=not newest_first))


def scan(model: type[Item], condition: Condition | None = None) -> Iterator[Item]:
    """The whole table, page by page, items of one partition together: only for an export that an operator starts."""
    with _our_errors():
        yield from model.scan(condition)


def put(item: TableItem, condition: Condition | None = None) -> None:
    with _our_errors():
        item.save(condition=condition)


def put_new(item: TableItem) -> None:
    """Raises: `ConditionFailed` when the key exists."""
    put(item, TableItem.pk.does_not_exist())


def update(item: TableItem, actions: Sequence[Action], condition: Condition | None = None) -> None:
    with _our_errors():
        item.update(list(actions), condition=condition)
