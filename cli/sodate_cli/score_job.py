"""A replay on AWS from the command line: begin it, watch it, ask for it. The work is that of `score_replay`."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sodate.errors import Invalid, Transient
from sodate.playbook.store import Definitions
from sodate.runtime import container
from sodate.scoring import replay_job
from ulid import ULID

from sodate_cli import output
from sodate_cli.operator import now, outputs, target

_EVERY_SECONDS = 2.0
#: A message that failed comes again after six minutes; five times, then it lies in the dead-letter queue.
_PATIENCE_SECONDS = 15 * 60.0


def begin(stage: str | None, segments: int, *, tell: bool) -> str:
    """Returns the job's id. Raises `Invalid`, `NotFound` (no live rules), `Transient` (SQS took not all)."""
    if not 1 <= segments <= replay_job.MOST_SEGMENTS:
        raise Invalid(f"--segments {segments}: 1 to {replay_job.MOST_SEGMENTS}")
    where = target(stage)
    found = outputs(where)
    if "ReplayQueueUrl" not in found:
        raise Invalid(f"the stage {where.stage} was deployed before it could replay: deploy it again")
    rules, at = Definitions().live("rules"), now(where)
    job = str(ULID.from_datetime(at))
    turns = replay_job.plan(job, segments, rules.version, at, tell=tell)
    is_settled = datetime.fromisoformat(rules.published) + replay_job.SETTLED <= at
    delay = 0 if is_settled else int(replay_job.SETTLED.total_seconds())
    container.put_on_queue(found["ReplayQueueUrl"], [turn.model_dump() for turn in turns], delay)
    return job


def wait(
    job: str, sleep: Callable[[float], None] | None = None, timer: Callable[[], float] = time.monotonic
) -> Mapping[str, Any]:
    """Until every segment ended. Raises `Transient` when nothing moves any more."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.errors(), transient=True) as bar:
        task, turns, moved = bar.add_task("segments", total=None), -1, timer()
        while True:
            found = replay_job.status(job)
            told = f"{found['leads']} leads, {found['changed']} changed; segments"
            ended = found["segments"] - found["running"]
            bar.update(task, total=found["segments"], completed=ended, description=told)
            if not found["running"]:
                return found
            if found["turns"] != turns:
                turns, moved = found["turns"], timer()
            if timer() - moved > _PATIENCE_SECONDS:
                raise Transient(f"replay {job} has not moved for 15 minutes: `sodate dlq list` says why")
            (sleep or time.sleep)(_EVERY_SECONDS)


def show(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.show_json(found)
    else:
        output.show_fields("Replay on AWS", found)
    if found["rules_changed"]:
        output.fail(f"the live rules are no longer version {found['rules_version']}: replay again")
