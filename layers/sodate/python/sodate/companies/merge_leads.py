"""A lead that was merged into another one is no member of its company any more; the one that stays takes its place.

The link in the merged lead's partition stays: it says what to give back, and keeps others from giving it a company.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sodate.companies import store
from sodate.companies.copy_attributes import copy_to_lead
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Write
from sodate.errors import Transient
from sodate.messages import Message

_TRIES = 5


def move_membership(stays: str, joins: str, now: datetime) -> None:
    """A lead that has a company keeps it; one without gets that of the merged lead. A repeat changes nothing.

    Raises: `Transient` when one of them changes too fast.
    """

    def writes() -> Sequence[Write]:
        theirs, mine = store.find_link(joins), store.find_link(stays)
        if theirs is None:
            return ()
        why = store.Reason(store.BY_MERGE, given_by=joins)
        taken = store.joining(stays, theirs.company_id, why, None, now) if mine is None else []
        return [*taken, store.leaving(joins, theirs.company_id)]

    if _commit(writes):
        copy_to_lead(stays)


def give_membership_back(stays: str, joins: str, others: Iterable[str], now: datetime) -> None:
    """A company that the lead that stays has by this merge only is taken from it. A repeat changes nothing.

    `others`: leads that stay merged into it; the first that has a company gives it now.

    Raises: `Transient`.
    """
    others = list(others)

    def writes() -> Sequence[Write]:
        theirs, mine = store.find_link(joins), store.find_link(stays)
        rejoin_writes: list[Write] = store.rejoining(joins, theirs) if theirs is not None else []
        if mine is None or mine.by != store.BY_MERGE or mine.given_by not in (None, joins):
            return rejoin_writes
        return [*rejoin_writes, *_given_instead(stays, mine, others, now)]

    if _commit(writes):
        copy_to_lead(stays)
        copy_to_lead(joins)


def _given_instead(stays: str, mine: store.LeadCompanyItem, others: Sequence[str], now: datetime) -> list[Write]:
    for other in others:
        if (theirs := store.find_link(other)) is not None:
            return store.joining(stays, theirs.company_id, store.Reason(store.BY_MERGE, given_by=other), mine, now)
    return store.unlinking(stays, mine)


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
    raise Transient(Message("the companies of the leads change too fast; run the same command again"))
