"""Everybody's score under the live rules, on AWS: the table in segments, a message a segment, a stretch of it a task.

Where a segment stands is on its own item, written once a task by whoever ends that task first. A crash or a message
delivered twice repeats a stretch, which changes nothing (`rescore` writes what differs), and counts nothing twice.
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
#: Functions remember the live rules for 20 seconds. A replay that begins earlier could pass a lead before a writer that
#: still has the old ones.
SETTLED = timedelta(seconds=30)
_KEPT = timedelta(days=14)
_NO_LEAD = (KeyError, TypeError, ValueError, AttributeError)


class ReplayItem(TableItem, discriminator="replay"):
    """How far one segment came. `position`: the last key looked at. `ended` is None while there is more to do.

    `task` is the one wanted next; `asked_for` the last one whose message was sent.
    """

    segments = NumberAttribute()
    rules_version = NumberAttribute()
    tell = BooleanAttribute()
    task = NumberAttribute(default=0)
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
    """A message. The number tells a task that was done already from the one that is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1
    what: Literal["replay"] = "replay"
    job: str = Field(max_length=40)
    segment: int = Field(ge=0, lt=MOST_SEGMENTS)
    task: int = Field(default=0, ge=0)

    @property
    def next(self) -> "ReplayTask":
        return self.model_copy(update={"task": self.task + 1})


def replay_task_of(body: str) -> ReplayTask:
    """Raises `Invalid`."""
    try:
        return ReplayTask.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(f"no message of a replay: {error.errors()[0]['loc']} {error.errors()[0]['msg']}") from error


def plan(job: str, segments: int, rules_version: int, now: datetime, *, tell: bool) -> list[ReplayTask]:
    """The items first, then (the caller's) these messages: one whose item is missing would be an error."""
    numbers = range(segments)
    bulk.put_many([bulk.raw(_item(job, number, segments, rules_version, now, tell)) for number in numbers])
    return [ReplayTask(job=job, segment=number) for number in numbers]


def _item(job: str, number: int, segments: int, rules_version: int, now: datetime, tell: bool) -> ReplayItem:
    return ReplayItem(
        keys.replay(job),
        keys.replay_segment(number),
        segments=segments,
        rules_version=rules_version,
        tell=tell,
        began=keys.stamp(now),
        at=keys.stamp(now),
        ttl=int((now + _KEPT).timestamp()),
    )


@dataclass
class Stretch:
    """What one task came to. `names`: leads whose items cannot be read; they are passed over."""

    position: Raw | None
    leads: int = 0
    changed: int = 0
    hot: int = 0
    names: list[str] = field(default_factory=list)
    ended: str | None = None


@dataclass(frozen=True)
class Taken:
    """`following`: the message that must be sent before this one may be forgotten."""

    outcome: str
    following: ReplayTask | None = None
    unreadable: tuple[str, ...] = ()


def take(task: ReplayTask, definitions: Definitions, now: Callable[[], datetime], until: datetime) -> Taken:
    """One task, until about `until`. Raises `Invalid` for a replay that does not exist, `Transient` without headway."""
    held = base.find(ReplayItem, keys.replay(task.job), keys.replay_segment(task.segment))
    if held is None or task.task > held.task:
        raise Invalid(f"replay {task.job} knows no task {task.task} of segment {task.segment}")
    if task.task < held.task:
        # Whoever did it may have died before its next message. If that was sent, another one would double the work.
        is_orphan = held.ended is None and held.asked_for < held.task
        return Taken("repeated", task.model_copy(update={"task": int(held.task)}) if is_orphan else None)
    stretch = _stretch(held, task.segment, definitions, now, until)
    names = tuple(stretch.names)
    if not _keep(held, stretch, now()):
        return Taken("overtaken", None, names)
    return Taken(stretch.ended or "goes_on", None if stretch.ended else task.next, names)


def sent(task: ReplayTask) -> None:
    """The message of this task is on its way."""
    key = ReplayItem(keys.replay(task.job), keys.replay_segment(task.segment))
    with suppress(ConditionFailed):  # a later one is
        base.update(key, [ReplayItem.asked_for.set(task.task)], ReplayItem.asked_for < task.task)


def _stretch(
    held: ReplayItem, segment: int, definitions: Definitions, now: Callable[[], datetime], until: datetime
) -> Stretch:
    """A table that is busy ends the task early, as long as some headway was made; then the queue's patience counts."""
    version = int(held.rules_version)
    rules, stretch = rules_of(definitions, version), Stretch(held.position)
    try:
        for items, position in partitions(held.position, segment, int(held.segments)):
            if not _is_live(definitions, version):
                stretch.ended = RULES_CHANGED
                break
            _look_at(items, rules, held.tell, now(), stretch)
            stretch.position = position
            if now() >= until:
                break
        else:
            stretch.ended = DONE
    except Transient:
        if stretch.position == held.position:
            raise
    return stretch


def _is_live(definitions: Definitions, version: int) -> bool:
    try:
        return definitions.live("rules", ONLY).version == version
    except NotFound:
        return False


def _look_at(items: list[Raw], rules: Rules, tell: bool, at: datetime, stretch: Stretch) -> None:
    try:
        for case in cases(items):
            if case.rules_version > rules.version:
                continue  # newer rules, which this process has not heard of, were here first
            is_same = case.rules_version == rules.version and is_recorded(
                case, replay(case, rules.fold, at), rules.fold, rules.version
            )
            if not is_same:
                rescored = rescore(case.profile.lead_id, rules, at, tell=tell)
                stretch.changed += rescored.changed
                stretch.hot += rescored.became_hot
            stretch.leads += 1
    except (Invalid, *_NO_LEAD):
        stretch.names.append(keys.lead_id_of(items[0]["pk"]["S"]))


def _keep(held: ReplayItem, stretch: Stretch, now: datetime) -> bool:
    """False: another delivery of the same message was faster, and goes on."""
    counted = {"leads": stretch.leads, "changed": stretch.changed, "hot": stretch.hot, "unreadable": len(stretch.names)}
    actions = [getattr(ReplayItem, name).add(count) for name, count in counted.items() if count]
    actions += [ReplayItem.task.set(int(held.task) + 1), ReplayItem.at.set(keys.stamp(now))]
    if stretch.position is not None:
        actions.append(ReplayItem.position.set(stretch.position))
    if stretch.ended is not None:
        actions.append(ReplayItem.ended.set(stretch.ended))
    key = ReplayItem(held.pk, held.sk)
    try:
        base.update(key, actions, ReplayItem.task == held.task)
    except ConditionFailed:
        return False
    return True


def status(job: str) -> Mapping[str, Any]:
    """Figures of the whole replay. Raises `NotFound`."""
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
        "turns": sum(int(item.task) for item in items),
        "began": items[0].began,
        "at": max(item.at for item in items),
    }
