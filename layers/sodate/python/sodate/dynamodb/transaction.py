"""One TransactWriteItems call per use case: all its writes succeed, or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pynamodb.connection import Connection
from pynamodb.constants import ALL_OLD
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from sodate.dynamodb.base import ConditionFailed, Contention, TableItem, _our_errors

_TRIES = 4


@dataclass(frozen=True)
class Put:
    item: TableItem
    condition: Condition | None = None


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
_SENT_IN_ORDER = [Delete, Put, Update]


def put_new(item: TableItem) -> Put:
    return Put(item, TableItem.pk.does_not_exist())


@dataclass
class _Shared:
    connection: Connection | None = field(default=None)


_shared = _Shared()


def _connection() -> Connection:
    if _shared.connection is None:
        meta = TableItem.Meta
        _shared.connection = Connection(
            region=meta.region,
            connect_timeout_seconds=meta.connect_timeout_seconds,
            read_timeout_seconds=meta.read_timeout_seconds,
            max_retry_attempts=meta.max_retry_attempts,
        )
    return _shared.connection


def commit(writes: Sequence[Write]) -> None:
    """Write all or nothing.

    A transaction that conflicts with a concurrent one wrote nothing, so it is retried at once: an opt-out must not fail
    with "busy" because a score is written in the same millisecond.

    Raises: `ConditionFailed` (with the current items, by index of the write) or `Transient`.
    """
    for left in reversed(range(_TRIES)):
        try:
            _commit(writes)
        except ConditionFailed as error:
            raise ConditionFailed({_index_of(writes, index): old for index, old in error.failed.items()}) from error
        except Contention:
            if not left:
                raise
        else:
            return


def _index_of(writes: Sequence[Write], index: int) -> int:
    """Index in `writes` of a DynamoDB reason: PynamoDB sends deletes, puts and updates in this order."""
    order = sorted(range(len(writes)), key=lambda number: _SENT_IN_ORDER.index(type(writes[number])))
    return order[index]


def _commit(writes: Sequence[Write]) -> None:
    with _our_errors(), TransactWrite(connection=_connection()) as transaction:
        for write in writes:
            match write:
                case Put(item, condition):
                    transaction.save(item, condition=condition, return_values=ALL_OLD)
                case Update(item, actions, condition):
                    transaction.update(item, list(actions), condition=condition, return_values=ALL_OLD)
                case Delete(item, condition):
                    transaction.delete(item, condition=condition)
