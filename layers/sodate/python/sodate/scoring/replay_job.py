"""Replay of all scores under the live rules, on AWS: scan segments, one queue message per task of a segment.

Each segment stores its progress on its own item, updated once per task; the first delivery to finish wins. A crash or
a duplicate message repeats a task: scores stay the same (`rescore` writes only differences) and nothing counts twice.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from sodate.dynamodb import base, bulk, keys
from sodate.dynamodb.base import ConditionFailed, TableItem
from sodate.dynamodb.bulk import Raw
from sodate.errors import Invalid, NotFound, Transient
from sodate.playbook.store import ONLY, Definitions
from sodate.scoring.replay import cases, is_recorded, partitions, replay
from sodate.scoring.rescore import Rules, rescore, rules_of

MOST_SEGMENTS = 256
DONE, RULES_CHANGED = "done", "rules_changed"
#: Functions cache the live rules for 20 seconds. A replay that starts earlier could rescore a lead before a function
#: that still has the old rules writes it.
SETTLED = timedelta(seconds=30)
_KEPT = timedelta(days=14)
_NO_LEAD = (KeyError, TypeError, ValueError, AttributeError)


class ReplayItem(TableItem, discriminator="replay"):
    """Progress of one segment. `position`: the last key processed. `ended`: None while the segment runs.

    `next_task`: its number; `asked_for`: number of the last task whose message was sent.
    """

    segments = NumberAttribute()
    rules_version = NumberAttribute()
    tell = BooleanAttribute()
    next_task = NumberAttribute(default=0)
    asked_for = NumberAttribute(default=0)
    position: JSONAttribute = JSONAttribute(null=True)
    leads = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)
    hot = NumberAttribute(default=0)
    unreadable = NumberAttribute(default=0)
    ended = UnicodeAttribute(null=True)
    began = UnicodeAttribute()
    at = UnicodeAttribute()


class ReplayTask(BaseModel):
    """Queue message for one task of a segment. The task number identifies duplicate deliveries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1
    what: Literal["replay"] = "replay"
    job: str = Field(max_length=40)
    segment: int = Field(ge=0, lt=MOST_SEGMENTS)
    number: int = Field(default=0, ge=0)

    @property
    def next(self) -> "ReplayTask":
        return self.model_copy(update={"number": self.number + 1})


def replay_task_of(body: str) -> ReplayTask:
    """Parse a queue message.

    Raises: `Invalid` for any other message.
    """
    try:
        return ReplayTask.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(f"no message of a replay: {error.errors()[0]['loc']} {error.errors()[0]['msg']}") from error


def begin(
    definitions: Definitions,
    job: str,
    segments: int,
    now: datetime,
    enqueue: Callable[[list[dict[str, Any]], int], None],
    *,
    notify: bool,
) -> None:
    """Plan the tasks and queue their messages: `enqueue(messages, delay_seconds)`.

    The delay lasts until no function has older rules in its cache. Raises: `NotFound` without live rules; what
    `enqueue` raises.
    """
    rules = definitions.live("rules")
    tasks = plan(job, segments, rules.version, now, notify=notify)
    is_settled = datetime.fromisoformat(rules.published) + SETTLED <= now
    enqueue([task.model_dump() for task in tasks], 0 if is_settled else int(SETTLED.total_seconds()))


def plan(job: str, segments: int, rules_version: int, now: datetime, *, notify: bool) -> list[ReplayTask]:
    """Write the segment items and return the messages, which the caller sends afterwards (they need the items)."""
    numbers = range(segments)
    bulk.put_many([bulk.raw(_item(job, number, segments, rules_version, now, notify)) for number in numbers])
    return [ReplayTask(job=job, segment=number) for number in numbers]


def _item(job: str, number: int, segments: int, rules_version: int, now: datetime, notify: bool) -> ReplayItem:
    return ReplayItem(
        keys.replay(job),
        keys.replay_segment(number),
        segments=segments,
        rules_version=rules_version,
        tell=notify,
        began=keys.stamp(now),
        at=keys.stamp(now),
        ttl=int((now + _KEPT).timestamp()),
    )


@dataclass
class TaskResult:
    """Progress made by one task. `unreadable`: ids of leads that were skipped because their items cannot be read."""

    position: Raw | None
    leads: int = 0
    changed: int = 0
    hot: int = 0
    unreadable: list[str] = field(default_factory=list)
    ended: str | None = None


@dataclass(frozen=True)
class TaskOutcome:
    """`following`: the message to send before the current one is acknowledged."""

    outcome: str
    following: ReplayTask | None = None
    unreadable: tuple[str, ...] = ()


def run_task(task: ReplayTask, definitions: Definitions, now: Callable[[], datetime], until: datetime) -> TaskOutcome:
    """Run one task until about `until`.

    Raises: `Invalid` for an unknown replay or task, `Transient` when no progress was possible.
    """
    segment_item = base.find(ReplayItem, keys.replay(task.job), keys.replay_segment(task.segment))
    if segment_item is None or task.number > segment_item.next_task:
        raise Invalid(f"replay {task.job} knows no task {task.number} of segment {task.segment}")
    if task.number < segment_item.next_task:
        # The delivery that did this task may have crashed before it sent the next message. Send it only then.
        is_orphan = segment_item.ended is None and segment_item.asked_for < segment_item.next_task
        return TaskOutcome(
            "repeated", task.model_copy(update={"number": int(segment_item.next_task)}) if is_orphan else None
        )
    result = _process_until(segment_item, task.segment, definitions, now, until)
    names = tuple(result.unreadable)
    if not _save_progress(segment_item, result, now()):
        return TaskOutcome("overtaken", None, names)
    return TaskOutcome(result.ended or "goes_on", None if result.ended else task.next, names)


def mark_requested(task: ReplayTask) -> None:
    """Record that the message of this task was sent."""
    key = ReplayItem(keys.replay(task.job), keys.replay_segment(task.segment))
    with suppress(ConditionFailed):  # a later message was sent
        base.update(key, [ReplayItem.asked_for.set(task.number)], ReplayItem.asked_for < task.number)


def _process_until(
    segment_item: ReplayItem, segment: int, definitions: Definitions, now: Callable[[], datetime], until: datetime
) -> TaskResult:
    """Rescore partitions until `until`. A throttled table ends the task early if it made progress.

    Raises: `Transient` when throttled without progress; the queue redelivers the message.
    """
    version = int(segment_item.rules_version)
    rules, result = rules_of(definitions, version), TaskResult(segment_item.position)
    try:
        for items, position in partitions(segment_item.position, segment, int(segment_item.segments)):
            if not _is_live(definitions, version):
                result.ended = RULES_CHANGED
                break
            _rescore_partition(items, rules, segment_item.tell, now(), result)
            result.position = position
            if now() >= until:
                break
        else:
            result.ended = DONE
    except Transient:
        if result.position == segment_item.position:
            raise
    return result


def _is_live(definitions: Definitions, version: int) -> bool:
    try:
        return definitions.live("rules", ONLY).version == version
    except NotFound:
        return False


def _rescore_partition(items: list[Raw], rules: Rules, notify: bool, at: datetime, result: TaskResult) -> None:
    try:
        for case in cases(items):
            if case.rules_version > rules.version:
                continue  # already scored under newer rules than this process has
            is_same = case.rules_version == rules.version and is_recorded(
                case, replay(case, rules.engine, at), rules.engine, rules.version
            )
            if not is_same:
                rescored = rescore(case.profile.lead_id, rules, at, notify=notify)
                result.changed += rescored.changed
                result.hot += rescored.became_hot
            result.leads += 1
    except (Invalid, *_NO_LEAD):
        result.unreadable.append(keys.lead_id_of(items[0]["pk"]["S"]))


def _save_progress(segment_item: ReplayItem, result: TaskResult, now: datetime) -> bool:
    """False when another delivery of the same message saved first and continues."""
    counted = {
        "leads": result.leads,
        "changed": result.changed,
        "hot": result.hot,
        "unreadable": len(result.unreadable),
    }
    actions = [getattr(ReplayItem, name).add(count) for name, count in counted.items() if count]
    actions += [ReplayItem.next_task.set(int(segment_item.next_task) + 1), ReplayItem.at.set(keys.stamp(now))]
    if result.position is not None:
        actions.append(ReplayItem.position.set(result.position))
    if result.ended is not None:
        actions.append(ReplayItem.ended.set(result.ended))
    key = ReplayItem(segment_item.pk, segment_item.sk)
    try:
        base.update(key, actions, ReplayItem.next_task == segment_item.next_task)
    except ConditionFailed:
        return False
    return True


def status(job: str) -> Mapping[str, Any]:
    """Figures of the whole replay, summed over its segments.

    Raises: `NotFound`.
    """
    items = base.query(ReplayItem, keys.replay(job))
    if not items:
        raise NotFound(f"no replay {job}; progress is kept for {_KEPT.days} days")
    ended = [item.ended for item in items]
    return {
        "job": job,
        "rules_version": int(items[0].rules_version),
        "tell": items[0].tell,
        "segments": len(items),
        "done": ended.count(DONE),
        "rules_changed": ended.count(RULES_CHANGED),
        "running": sum(one is None for one in ended),
        **{name: sum(int(getattr(item, name)) for item in items) for name in ("leads", "changed", "hot", "unreadable")},
        "tasks": sum(int(item.next_task) for item in items),
        "began": items[0].began,
        "at": max(item.at for item in items),
    }
