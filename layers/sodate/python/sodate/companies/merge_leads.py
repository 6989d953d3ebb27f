"""A lead that was merged into another one is no member of its company any more; the one that stays takes its place.

The link in the merged lead's partition stays: it says what to give back, and keeps others from giving it a company.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sodate.companies import store
from sodate.companies.copy_attributes import copy_to_lead
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Write
from sodate.errors import Transient

_TRIES = 5


def move_membership(stays: str, joins: str, now: datetime) -> None:
    """A lead that has a company keeps it; one without gets that of the merged lead. A repeat changes nothing.

    Raises: `Transient` when one of them changes too fast.
    """

    def writes() -> Sequence[Write]:
        theirs, mine = store.find_link(joins), store.find_link(stays)
        if theirs is None:
            return ()
        taken = store.joining(stays, theirs.company_id, store.BY_MERGE, None, now) if mine is None else []
        return [*taken, store.leaving(joins, theirs.company_id)]

    if _commit(writes):
        copy_to_lead(stays)


def give_membership_back(stays: str, joins: str) -> None:
    """A company that the lead that stays has by the merge only is taken from it. A repeat changes nothing.

    Raises: `Transient`.
    """

    def writes() -> Sequence[Write]:
        theirs, mine = store.find_link(joins), store.find_link(stays)
        rejoin_writes: list[Write] = store.rejoining(joins, theirs) if theirs is not None else []
        return [
            *rejoin_writes,
            *(store.unlinking(stays, mine) if mine is not None and mine.by == store.BY_MERGE else ()),
        ]

    if _commit(writes):
        copy_to_lead(stays)
        copy_to_lead(joins)


def _commit(writes: Callable[[], Sequence[Write]]) -> bool:
    """Whether there was something to write."""
    for _ in range(_TRIES):
        if not (planned := writes()):
            return False
        try:
            table.commit(planned)
        except ConditionFailed:
            continue
        return True
    raise Transient("the companies of the leads change too fast; run the same command again")
