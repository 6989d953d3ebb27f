"""Replay of all scores under the live rules, on AWS: scan segments, one queue message per task of a segment.

Each segment stores its progress on its own item, updated once per task; the first delivery to finish wins. A crash or
a duplicate message repeats a task: scores stay the same (`rescore` writes only differences) and nothing counts twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sodate.dynamodb import keys
from sodate.dynamodb.item import Row
from sodate.errors import Invalid, NotFound, Transient
from sodate.leads.lead import Profile
from sodate.messages import Message
from sodate.playbook.store import ONLY, Definitions
from sodate.scheduling.message import MessageTypes
from sodate.scoring.replay import Case, cases, is_recorded, partitions, replay
from sodate.scoring.replay_progress import ReplayOptions, TaskResult
from sodate.scoring.rescore import AdditionOf, Rescored, Rescorer, Rules, rules_of
from sodate.scoring.store import (
    REPLAY_KEPT,
    ReplayItem,
    begin_replay,
    find_segment,
    note_request,
    save_progress,
    segments_of,
)

MOST_SEGMENTS = 256
_LONGEST_JOB = 40
DONE, RULES_CHANGED = "done", "rules_changed"
#: Functions cache the live rules for 20 seconds. A replay that starts earlier could rescore a lead before a function
#: that still has the old rules writes it.
SETTLED = timedelta(seconds=30)
_NO_LEAD = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class ReplayTask:
    """Queue message for one task of a segment. The task number identifies duplicate deliveries."""

    what: ClassVar[str] = "replay"
    job: str
    segment: int
    number: int = 0

    def to_message(self) -> dict[str, Any]:
        return {"v": 1, "what": self.what, "job": self.job, "segment": self.segment, "number": self.number}

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> "ReplayTask":
        task = cls(str(message["job"]), int(message["segment"]), int(message.get("number", 0)))
        if len(task.job) > _LONGEST_JOB or not 0 <= task.segment < MOST_SEGMENTS or task.number < 0:
            raise Invalid(Message("no message of a replay: its job, segment or number is out of range"), "message")
        return task

    @property
    def next(self) -> "ReplayTask":
        return replace(self, number=self.number + 1)


REPLAY_TASKS = MessageTypes("message of a replay", "a replay", {ReplayTask.what: ReplayTask.parse})


def begin(
    definitions: Definitions,
    job: str,
    segments: int,
    now: datetime,
    enqueue: Callable[[list[dict[str, Any]], int], None],
    options: ReplayOptions,
) -> None:
    """Plan the tasks and queue their messages: `enqueue(messages, delay_seconds)`.

    The delay lasts until no function has older rules or segments in its cache. Raises: `NotFound` without live
    rules; what `enqueue` raises.
    """
    rules = definitions.live("rules")
    tasks = plan(job, segments, rules.version, now, options)
    published = max(stored.published for stored in (rules, *definitions.all_live("segments")))
    is_settled = datetime.fromisoformat(published) + SETTLED <= now
    enqueue([task.to_message() for task in tasks], 0 if is_settled else int(SETTLED.total_seconds()))


def plan(job: str, segments: int, rules_version: int, now: datetime, options: ReplayOptions) -> list[ReplayTask]:
    """Write the segment items and return the messages, which the caller sends afterwards (they need the items)."""
    begin_replay(job, segments, rules_version, now, options)
    return [ReplayTask(job=job, segment=number) for number in range(segments)]


@dataclass(frozen=True)
class TaskOutcome:
    """`following`: the message to send before the current one is acknowledged."""

    outcome: str
    following: ReplayTask | None = None
    unreadable: tuple[str, ...] = ()


#: (lead id, now, announce) → what is written with the lead's score; None: nothing but the score.
AdditionFor = Callable[[str, datetime, bool], AdditionOf | None]
#: (profile, when the job began): what else is brought up to date for each lead, any number of times.
Also = Callable[[Profile, datetime], None]


def run_task(
    task: ReplayTask,
    definitions: Definitions,
    now: Callable[[], datetime],
    until: datetime,
    addition_for: AdditionFor,
    also: Also = lambda profile, began: None,
) -> TaskOutcome:
    """Run one task until about `until`: each lead's score, together with its segments, and what `also` does.

    Raises: `Invalid` for an unknown replay or task, `Transient` when no progress was possible.
    """
    segment_item = find_segment(task.job, task.segment)
    if segment_item is None or task.number > segment_item.next_task:
        raise Invalid(
            Message(
                "replay {job} knows no task {number} of segment {segment}",
                job=task.job,
                number=task.number,
                segment=task.segment,
            )
        )
    if task.number < segment_item.next_task:
        # The delivery that did this task may have crashed before it sent the next message. Send it only then.
        is_orphan = segment_item.ended is None and segment_item.asked_for < segment_item.next_task
        return TaskOutcome("repeated", replace(task, number=int(segment_item.next_task)) if is_orphan else None)
    result = _Segment(segment_item, task.segment, definitions, now, addition_for, also).process_until(until)
    names = tuple(result.unreadable)
    if not save_progress(segment_item, result, now()):
        return TaskOutcome("overtaken", None, names)
    return TaskOutcome(result.ended or "goes_on", None if result.ended else task.next, names)


def mark_requested(task: ReplayTask) -> None:
    """Record that the message of this task was sent."""
    note_request(task.job, task.segment, task.number)


@dataclass(frozen=True)
class _Segment:
    item: ReplayItem
    number: int
    definitions: Definitions
    now: Callable[[], datetime]
    addition_for: AdditionFor
    also: Also

    def process_until(self, until: datetime) -> TaskResult:
        """Process partitions until `until`. A throttled table ends the task early if it made progress.

        Raises: `Transient` when throttled without progress; the queue redelivers the message.
        """
        version = int(self.item.rules_version)
        rules, result = rules_of(self.definitions, version), TaskResult(self.item.position)
        try:
            for items, position in partitions(self.item.position, self.number, int(self.item.segments)):
                if not self._is_live(version):
                    result.ended = RULES_CHANGED
                    break
                self._process(items, rules, result)
                result.position = position
                if self.now() >= until:
                    break
            else:
                result.ended = DONE
        except Transient:
            if result.position == self.item.position:
                raise
        return result

    def _is_live(self, version: int) -> bool:
        try:
            return self.definitions.live("rules", ONLY).version == version
        except NotFound:
            return False

    def _process(self, items: list[Row], rules: Rules, result: TaskResult) -> None:
        try:
            for case in cases(items):
                rescored = self._rescored(case, rules, self.now())
                self.also(case.profile, datetime.fromisoformat(self.item.began))
                result.changed += rescored.changed
                result.hot += rescored.became_hot
                result.leads += 1
        except (Invalid, *_NO_LEAD):
            result.unreadable.append(keys.lead_id_of(items[0]["pk"]["S"]))

    def _rescored(self, case: Case, rules: Rules, at: datetime) -> Rescored:
        lead_id = case.profile.lead_id
        addition_of = self.addition_for(lead_id, at, bool(self.item.announce))
        is_newer = case.rules_version > rules.version  # than the rules of this process
        is_same = case.rules_version == rules.version and addition_of is None
        if is_newer or (is_same and is_recorded(case, replay(case, rules.engine, at), rules.engine, rules.version)):
            return Rescored(lead_id, changed=False)
        return Rescorer(rules, at, bool(self.item.notify), addition_of).rescore(lead_id, None)


def status(job: str) -> Mapping[str, Any]:
    """Figures of the whole replay, summed over its segments.

    Raises: `NotFound`.
    """
    items = segments_of(job)
    if not items:
        raise NotFound(Message("no replay {job}; progress is kept for {days} days", job=job, days=REPLAY_KEPT.days))
    ended = [item.ended for item in items]
    return {
        "job": job,
        "rules_version": int(items[0].rules_version),
        "tell": items[0].notify,
        "segments": len(items),
        "done": ended.count(DONE),
        "rules_changed": ended.count(RULES_CHANGED),
        "running": sum(one is None for one in ended),
        **{name: sum(int(getattr(item, name)) for item in items) for name in ("leads", "changed", "hot", "unreadable")},
        "tasks": sum(int(item.next_task) for item in items),
        "began": items[0].began,
        "at": max(item.at for item in items),
    }
