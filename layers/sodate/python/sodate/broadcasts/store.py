"""Items of broadcasts: runs, the batches of a run, the approval, test sends. Each run moves on by one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from sodate.broadcasts.run import Run
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import TableItem, values
from sodate.dynamodb.table import Condition, ConditionFailed, Put, Update, Write
from sodate.email.delivery.broadcast_message import BroadcastBatch, BroadcastRun
from sodate.errors import Conflict, NotFound, Transient
from sodate.leads.store import StateItem
from sodate.messages import Message
from sodate.scheduling import store as due

_PAGE = 250


class RunItem(TableItem, discriminator="run"):
    state = UnicodeAttribute()
    is_paused = BooleanAttribute()
    task = NumberAttribute()
    version = NumberAttribute()
    template_version = NumberAttribute()
    wave = NumberAttribute()
    cursor = UnicodeAttribute(null=True)
    batches = NumberAttribute()
    planned = NumberAttribute()
    began = UnicodeAttribute(null=True)
    ends = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    templates: JSONAttribute = JSONAttribute(null=True)
    is_holding = BooleanAttribute(null=True)
    look = UnicodeAttribute(null=True)
    released = NumberAttribute(null=True)


class BatchItem(TableItem, discriminator="batch"):
    """Written once, together with the due entry of its message; that of leads that wait for the decision of an
    experiment follows. `settled`: each of its emails has an outcome.
    """

    leads: JSONAttribute = JSONAttribute()
    cell = UnicodeAttribute(null=True)
    settled = BooleanAttribute(null=True)


class ApprovalItem(TableItem, discriminator="approval"):
    version = NumberAttribute()
    template_version = NumberAttribute()
    approved_by = UnicodeAttribute()
    at = UnicodeAttribute()
    templates: JSONAttribute = JSONAttribute(null=True)
    surroundings = UnicodeAttribute(null=True)


class BroadcastTestItem(TableItem, discriminator="broadcasttest"):
    version = NumberAttribute()
    template_version = NumberAttribute()
    sent_by = UnicodeAttribute()
    accepted = NumberAttribute()


@dataclass(frozen=True)
class Approval:
    """`templates`: versions of the other templates that variants have. `surroundings`: see `surroundings_digest`."""

    version: int
    template_version: int
    approved_by: str
    at: str
    templates: Mapping[str, int] = field(default_factory=dict)
    surroundings: str | None = None


@dataclass(frozen=True)
class Batch:
    number: int
    leads: tuple[str, ...]
    settled: bool
    cell: str | None = None


# -- runs --------------------------------------------------------------------------------------------------------------


def find_run(broadcast: str, occurrence: str) -> Run | None:
    row = table.get(keys.broadcast(broadcast), keys.run(occurrence), consistent=True)
    return _run(values(RunItem, row)) if row else None


def load_run(broadcast: str, occurrence: str) -> Run:
    run = find_run(broadcast, occurrence)
    if run is None:
        raise NotFound(
            Message("broadcast {broadcast!r} has no run {occurrence}", broadcast=broadcast, occurrence=occurrence)
        )
    return run


def runs_of(broadcast: str, latest: int = 20) -> list[Run]:
    """The latest runs, newest first."""
    items = table.query(RunItem, keys.broadcast(broadcast), keys.RUNS, limit=latest, newest_first=True)
    return [_run({"pk": item.pk, "sk": item.sk, **item.attribute_values}) for item in items]


def planned_run(run: Run, begins: datetime, now: datetime) -> list[Write]:
    """A new run and the due entry that begins it; both fail when the run exists."""
    message = BroadcastRun(run.broadcast, run.occurrence, run.task)
    return [Put.new(_item(run)), Put(due.due_item(begins, due.BROADCAST, message.ref, message, now))]


def moved(before: Run, after: Run) -> Update:
    """`after` instead of `before`, while nothing but the pause has changed."""
    changed = {name: value for name, value in asdict(after).items() if value != getattr(before, name)}
    actions = [_set(getattr(RunItem, name), value) for name, value in changed.items()]
    condition = (RunItem.state == before.state) & (RunItem.task == before.task) & (RunItem.batches == before.batches)
    cursor = RunItem.cursor.does_not_exist() if before.cursor is None else RunItem.cursor == before.cursor
    return Update(_key(before), actions, condition & (RunItem.wave == before.wave) & cursor)


def next_task(run: Run, at: datetime, now: datetime) -> Put:
    """The due entry of the run's next task."""
    message = BroadcastRun(run.broadcast, run.occurrence, run.task)
    return Put(due.due_item(at, due.BROADCAST, message.ref, message, now))


def plan_task(run: Run, now: datetime) -> None:
    """The run's next task comes at once; the entry that was planned for later is stale then."""
    table.put(next_task(run, now, now).item)


def set_paused(run: Run, *, is_paused: bool) -> None:
    """Raises: `Conflict` when the run is over."""
    _change(run, RunItem.is_paused.set(is_paused))


def cancel(run: Run, reason: str) -> None:
    """Raises: `Conflict` when the run is over."""
    _change(run, RunItem.state.set("cancelled"), RunItem.is_paused.set(False), RunItem.reason.set(reason))


def _change(run: Run, *actions: Any) -> None:
    open_states = RunItem.state.is_in("planned", "expanding", "testing", "sending")
    try:
        table.update(_key(run), actions, open_states)
    except ConditionFailed as error:
        raise Conflict(Message("{name} is over", name=run.name)) from error


def _key(run: Run) -> RunItem:
    return RunItem(keys.broadcast(run.broadcast), keys.run(run.occurrence))


def _item(run: Run) -> RunItem:
    stored = {name: value for name, value in asdict(run).items() if name not in ("broadcast", "occurrence")}
    return RunItem(keys.broadcast(run.broadcast), keys.run(run.occurrence), **stored)


def _run(stored: dict[str, Any]) -> Run:
    pk, sk = stored.pop("pk"), stored.pop("sk")
    named = {name: value for name, value in stored.items() if name not in ("kind", "ttl") and value is not None}
    return Run(keys.broadcast_of(pk), keys.occurrence_of(sk), **named)


def _set(path: Any, value: Any) -> Any:
    return path.remove() if value is None else path.set(value)


# -- batches of a run --------------------------------------------------------------------------------------------------


def batch_writes(run: Run, number: int, batch: BroadcastBatch, now: datetime) -> list[Write]:
    """The due entry of leads that wait for the decision of an experiment follows later."""
    item = BatchItem(
        keys.run_batches(run.broadcast, run.occurrence),
        keys.run_batch(number),
        leads=list(batch.leads),
        cell=batch.cell,
    )
    return [Put(item)] if batch.is_main else [Put(item), due_entry(batch, now)]


def due_entry(batch: BroadcastBatch, now: datetime) -> Put:
    return Put(due.due_item(batch.at, due.BROADCAST, batch.id, batch, now))


def batches_of(run: Run, first: int = 0) -> Iterator[Batch]:
    """`first`: number of the first one."""
    after: str | None = keys.run_batch(first - 1) if first else None
    while True:
        rows, after = table.page(keys.run_batches(run.broadcast, run.occurrence), after, _PAGE)
        for stored in (values(BatchItem, row) for row in rows):
            number = keys.run_batch_number(stored["sk"])
            yield Batch(number, tuple(stored["leads"]), stored.get("settled", False), stored.get("cell"))
        if after is None:
            return


def settle_batch(run: Run, batch: Batch) -> None:
    key = BatchItem(keys.run_batches(run.broadcast, run.occurrence), keys.run_batch(batch.number))
    table.update(key, [BatchItem.settled.set(True)])


# -- the mark of a run on STATE ---------------------------------------------------------------------------------------


def has_run(mark: str) -> Condition:
    """True while STATE has this mark of a run."""
    condition: Condition = StateItem.runs.contains(mark)
    return condition


def has_no_run(mark: str) -> Condition:
    """True while the lead exists and has no mark of this run."""
    condition: Condition = StateItem.address_key.exists() & (StateItem.runs.does_not_exist() | ~has_run(mark))
    return condition


def run_added(mark: str) -> Action:
    action: Action = StateItem.runs.add({mark})
    return action


def runs_removed(marks: Iterable[str]) -> Action:
    action: Action = StateItem.runs.delete(set(marks))
    return action


# -- approval and test sends -------------------------------------------------------------------------------------------


def find_approval(broadcast: str) -> Approval | None:
    item = table.find(ApprovalItem, keys.broadcast(broadcast), keys.APPROVAL)
    if item is None:
        return None
    versions = int(item.version), int(item.template_version)
    return Approval(*versions, item.approved_by, item.at, item.templates or {}, item.surroundings)


@dataclass(frozen=True)
class SeedTestDone:
    version: int
    template_version: int
    sent_by: str
    accepted: int
    at: str


def tests_of(broadcast: str, latest: int = 5) -> list[SeedTestDone]:
    """The latest test sends, newest first."""
    items = table.query(BroadcastTestItem, keys.broadcast(broadcast), keys.TESTS, limit=latest, newest_first=True)
    return [
        SeedTestDone(int(i.version), int(i.template_version), i.sent_by, int(i.accepted), i.sk.removeprefix(keys.TESTS))
        for i in items
    ]


def approval_writes(broadcast: str, approval: Approval, planned: Sequence[Write]) -> None:
    """`planned`: of the next run.

    Raises: `Conflict` when the run was planned meanwhile; approve again.
    """
    table.commit([Put(ApprovalItem(keys.broadcast(broadcast), keys.APPROVAL, **asdict(approval))), *planned])


def put_test(broadcast: str, versions: tuple[int, int], sent_by: str, accepted: int, now: datetime) -> None:
    version, template_version = versions
    table.put(
        BroadcastTestItem(
            keys.broadcast(broadcast),
            keys.test_send(now),
            version=version,
            template_version=template_version,
            sent_by=sent_by,
            accepted=accepted,
        )
    )


def commit(run: Run, writes: Sequence[Write]) -> None:
    """Raises: `Transient` when the run is not where it was read."""
    try:
        table.commit(writes)
    except ConditionFailed as error:
        raise Transient(Message("{name} was moved on meanwhile", name=run.name)) from error
