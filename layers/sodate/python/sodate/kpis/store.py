"""Items of the counters: changes that wait, the round that adds them, and the totals per scope, hour and day."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from sodate.dynamodb import kpi_keys, table
from sodate.dynamodb.item import Row, TableItem, decode, encode, plain
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Conflict, Transient
from sodate.kpis.delta import Packed
from sodate.kpis.round import Plan
from sodate.kpis.sketch import EMPTY, Sketch
from sodate.messages import Message

_TRIES = 5
#: A record can come again while the stream has it (a day) or its letter is in a dead-letter queue (two weeks).
KEPT = timedelta(days=21)
_ATTRIBUTES = frozenset({"pk", "sk", "kind", "round", "ttl"})


class KpiChangesItem(TableItem, discriminator="kpichanges"):
    """Changes of one invocation in one minute and shard; never changed. See `kpis.delta`."""

    bodies = UnicodeAttribute()
    records = UnicodeAttribute()
    visitors = UnicodeAttribute(null=True)


class KpiFoldedItem(TableItem, discriminator="kpifolded"):
    """`names`: JSON list of the changes items of this partition that the round of the sort key took."""

    names = UnicodeAttribute()


class KpiRoundItem(TableItem, discriminator="kpiround"):
    """`number`: the latest round. `plan`: what it adds, while it is not finished. `zone`: of the days."""

    number = NumberAttribute()
    zone = UnicodeAttribute()
    plan = UnicodeAttribute(null=True)


class KpiTotalItem(TableItem, discriminator="kpitotal"):
    """Counters of one scope and hour, or day: one number attribute per metric. `round`: the latest that added."""

    round = NumberAttribute()


class KpiVisitorsItem(TableItem, discriminator="kpivisitors"):
    """Sketch of the distinct visitors of a scope in one local day or month (`kpis.sketch`)."""

    sketch = UnicodeAttribute()
    version = NumberAttribute()


# -- changes that wait -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Partition:
    """`waiting`: changes that no round took yet, by sort key."""

    pk: str
    waiting: dict[str, Packed]
    folded: tuple[Packed, ...] = ()

    def after(self, taken: Iterable[str]) -> "Partition":
        """As it is when a round has taken these items."""
        gone = set(taken)
        left = {sk: one for sk, one in self.waiting.items() if sk not in gone}
        return Partition(self.pk, left, (*self.folded, *(self.waiting[sk] for sk in self.waiting if sk in gone)))


def put_changes(partitions: dict[str, Sequence[Packed]], now: datetime) -> None:
    """Append only; the same content again has the same key."""
    ttl = int((now + KEPT).timestamp())
    rows = [
        encode(KpiChangesItem(pk, kpi_keys.delta(one.content_hash), ttl=ttl, **asdict(one)))
        for pk, changes in partitions.items()
        for one in changes
    ]
    if len(rows) == 1:
        table.put_row(rows[0])
    else:
        table.put_many(rows)


def load_partition(pk: str) -> Partition:
    """Strongly consistent."""
    items = table.query(TableItem, pk)
    taken = {name for item in items if isinstance(item, KpiFoldedItem) for name in json.loads(item.names)}
    changes = {
        item.sk: Packed(item.bodies, item.records, item.visitors) for item in items if isinstance(item, KpiChangesItem)
    }
    waiting = {sk: one for sk, one in changes.items() if sk not in taken}
    return Partition(pk, waiting, tuple(one for sk, one in changes.items() if sk in taken))


# -- rounds ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rounds:
    """`number`: the latest round, 0 before the first. `plan`: None when that is finished. `zone`: of the days."""

    number: int = 0
    zone: str | None = None
    plan: Plan | None = field(default=None, compare=False)


def load_rounds() -> Rounds:
    item = table.find(KpiRoundItem, *kpi_keys.ROUND)
    if item is None:
        return Rounds()
    return Rounds(int(item.number), item.zone, Plan.loads(item.plan) if item.plan else None)


def begin_round(rounds: Rounds, zone: str, plan: Plan) -> Rounds:
    """Commit the plan of the next round. From then on it will be added, once, by whoever finishes it.

    Raises: `Conflict` when another process has begun or finished a round since `rounds` was read.
    """
    item = KpiRoundItem(*kpi_keys.ROUND, number=rounds.number + 1, zone=zone, plan=plan.dumps())
    unchanged = KpiRoundItem.pk.does_not_exist()
    if rounds.number:
        unchanged = (KpiRoundItem.number == rounds.number) & KpiRoundItem.plan.does_not_exist()
    try:
        table.put(item, unchanged)
    except ConditionFailed as error:
        raise Conflict(
            Message("another process adds to the counters; run the same command again in a minute")
        ) from error
    return Rounds(rounds.number + 1, zone, plan)


def end_round(rounds: Rounds) -> Rounds:
    """Finished, by this process or another one."""
    is_open = (KpiRoundItem.number == rounds.number) & KpiRoundItem.plan.exists()
    with suppress(ConditionFailed):
        table.update(KpiRoundItem(*kpi_keys.ROUND), [KpiRoundItem.plan.remove()], is_open)
    return replace(rounds, plan=None)


def add(pk: str, sk: str, counts: dict[str, int], round_number: int) -> None:
    """Add once per round, for any number of calls."""
    actions: list[Action] = [KpiTotalItem.kind.set(KpiTotalItem), KpiTotalItem.round.set(round_number)]
    actions += [Path([name]).add(count) for name, count in counts.items()]
    is_new = KpiTotalItem.round.does_not_exist() | (KpiTotalItem.round < round_number)
    with suppress(ConditionFailed):
        table.update(KpiTotalItem(pk, sk), actions, is_new)


def mark_folded(pk: str, names: Sequence[str], round_number: int, now: datetime) -> None:
    ttl = int((now + KEPT).timestamp())
    table.put(KpiFoldedItem(pk, kpi_keys.folded(round_number), names=json.dumps(list(names)), ttl=ttl))


# -- visitors ---------------------------------------------------------------------------------------------------------


def merge_visitors(scope: str, period: str, seen: Sketch) -> None:
    """Add visitors to a day or month; those that it has already change nothing. Raises: `Transient`."""
    pk, sk = kpi_keys.totals(scope), kpi_keys.visitors(period)
    for _ in range(_TRIES):
        item = table.find(KpiVisitorsItem, pk, sk)
        before = Sketch.loads(item.sketch) if item is not None else EMPTY
        after, version = before.union(seen), int(item.version) if item is not None else 0
        if after == before:
            return
        unchanged = KpiVisitorsItem.version == version if version else KpiVisitorsItem.pk.does_not_exist()
        with suppress(ConditionFailed):
            table.put(KpiVisitorsItem(pk, sk, sketch=after.dumps(), version=version + 1), unchanged)
            return
    raise Transient(Message("visitors change too fast; run the same command again"))


def visitors_between(scope: str, first: str, last: str) -> dict[str, Sketch]:
    """By day or month, from `first` to `last`, eventually consistent."""
    rows = table.rows_between(kpi_keys.totals(scope), kpi_keys.visitors(first), kpi_keys.visitors(last))
    items = (decode(KpiVisitorsItem, row) for row in rows)
    found = {kpi_keys.period_of(item.sk): Sketch.loads(item.sketch) for item in items}
    return {period: sketch for period, sketch in found.items() if len(period) == len(first)}


# -- totals ------------------------------------------------------------------------------------------------------------


def totals_between(scope: str, first: str, last: str) -> dict[str, dict[str, int]]:
    """Counters by hour or day: from the sort key `first` to `last`, eventually consistent."""
    rows = table.rows_between(kpi_keys.totals(scope), first, last)
    return {kpi_keys.period_of(row["sk"]["S"]): counts_of(row) for row in rows}


def counts_of(row: Row) -> dict[str, int]:
    values: dict[str, Any] = plain({"M": row})
    return {name: value for name, value in values.items() if name not in _ATTRIBUTES and isinstance(value, int)}
