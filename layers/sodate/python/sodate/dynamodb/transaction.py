"""One TransactWriteItems per use case: all of it happens or none of it."""

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
    """Raises `ConditionFailed` (with the items that stood in the way, by index) or `Transient`.

    A transaction that met another one wrote nothing, so it is tried again at once: an opt-out must not be answered with
    "busy" because a score was written in the same millisecond.
    """
    for left in reversed(range(_TRIES)):
        try:
            _commit(writes)
        except ConditionFailed as error:
            raise ConditionFailed({_place(writes, index): old for index, old in error.failed.items()}) from error
        except Contention:
            if not left:
                raise
        else:
            return


def _place(writes: Sequence[Write], index: int) -> int:
    """PynamoDB sends deletes, puts and updates in this order; DynamoDB's reasons come back in it."""
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
