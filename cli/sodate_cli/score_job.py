"""Start, watch and show a replay on AWS. The function `score_replay` does the work."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sodate.errors import Invalid, Transient
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.runtime.queues import put_on_queue
from sodate.scoring import replay_job
from sodate.scoring.replay_progress import ReplayOptions
from sodate.segments import backfill
from ulid import ULID

from sodate_cli import output
from sodate_cli.operator import now, outputs
from sodate_cli.target import Target
from sodate_cli.times import Times

#: Parts of the table that are processed in parallel.
PARTS = 32
_EVERY_SECONDS = 2.0
#: SQS redelivers a failed message after six minutes, up to five times, then moves it to the dead-letter queue.
_PATIENCE_SECONDS = 15 * 60.0


def begin(where: Target, segments: int, *, notify: bool) -> str:
    """Plan the tasks of a replay, queue their messages and return the job id.

    Raises: `Invalid`, `NotFound` (no live rules), `Transient` (SQS did not accept every message).
    """
    at, enqueue = now(where), _queue_of(where, segments)
    job = str(ULID.from_datetime(at))
    replay_job.begin(Definitions(), job, segments, at, enqueue, ReplayOptions(notify))
    return job


def begin_backfill(where: Target, parts: int = PARTS, *, announce: bool = False) -> str:
    """The same for the back-fill of segments."""
    at, enqueue = now(where), _queue_of(where, parts)
    job = str(ULID.from_datetime(at))
    backfill.begin(Definitions(), job, parts, at, enqueue, announce=announce)
    return job


def _queue_of(where: Target, parts: int) -> Callable[[list[dict[str, Any]], int], None]:
    if not 1 <= parts <= replay_job.MOST_SEGMENTS:
        raise Invalid(
            Message("{parts} parts: 1 to {most_segments}", parts=parts, most_segments=replay_job.MOST_SEGMENTS)
        )
    queue = outputs(where).get("ReplayQueueUrl")
    if queue is None:
        raise Invalid(
            Message("the stage {stage} was deployed before it could replay: deploy it again", stage=where.stage)
        )
    return lambda messages, delay: put_on_queue(boto3.client("sqs"), queue, messages, delay)


def wait(
    job: str, sleep: Callable[[float], None] | None = None, timer: Callable[[], float] = time.monotonic
) -> Mapping[str, Any]:
    """Wait until every segment has ended.

    Raises: `Transient` after 15 minutes without progress.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.errors(), transient=True) as bar:
        task, tasks_done, moved = bar.add_task("segments", total=None), -1, timer()
        while True:
            figures = replay_job.status(job)
            description = Message(
                "{leads} leads, {changed} changed; segments", leads=figures["leads"], changed=figures["changed"]
            )
            ended = figures["segments"] - figures["running"]
            bar.update(task, total=figures["segments"], completed=ended, description=description)
            if not figures["running"]:
                return figures
            if figures["tasks"] != tasks_done:
                tasks_done, moved = figures["tasks"], timer()
            if timer() - moved > _PATIENCE_SECONDS:
                raise Transient(
                    Message("replay {job} has not moved for 15 minutes: `sodate dlq list` says why", job=job)
                )
            (sleep or time.sleep)(_EVERY_SECONDS)


def show(figures: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.show_json(figures)
    else:
        times = Times.of_stage()
        moments: dict[str, object] = {times.column(name): times.shown(figures[name]) for name in ("began", "at")}
        rest = {name: value for name, value in figures.items() if name not in ("began", "at")}
        output.show_fields("Replay on AWS", {**rest, **moments})
    if figures["rules_changed"]:
        output.fail(
            Message(
                "the live rules are no longer version {rules_version}: replay again",
                rules_version=figures["rules_version"],
            )
        )
