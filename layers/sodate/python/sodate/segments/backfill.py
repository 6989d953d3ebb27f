"""The back-fill after a change of segments: every lead is looked at anew, on AWS. Has the live version had its own?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.scoring import replay_job
from sodate.scoring.replay_progress import ReplayOptions
from sodate.segments.store import Backfill, latest_backfill, note_backfill


def begin(
    definitions: Definitions,
    job: str,
    parts: int,
    now: datetime,
    enqueue: Callable[[list[dict[str, Any]], int], None],
    *,
    announce: bool = False,
) -> None:
    """`announce`: entering and leaving are activities and events. Raises: as `replay_job.begin`."""
    replay_job.begin(definitions, job, parts, now, enqueue, ReplayOptions(announce=announce))
    note_backfill(Backfill(_live_version(definitions), job), now)


def not_needed(definitions: Definitions, now: datetime) -> None:
    """The stage has no lead yet."""
    note_backfill(Backfill(_live_version(definitions), None), now)


def why_behind(definitions: Definitions) -> str | None:
    """Why members of the live segments may be missing, and what to do; None: every lead was looked at."""
    version, latest = _live_version(definitions), latest_backfill()
    if version and (latest is None or latest.segments_version < version):
        return Message(
            "not every lead was looked at for version {version} of the segments: sodate segment backfill",
            version=version,
        )
    if latest is None or latest.job is None:
        return None
    try:
        figures = replay_job.status(latest.job)
    except NotFound:
        return None  # it ended long ago
    if figures["running"]:
        return Message(
            "the back-fill of the segments goes on, {done} of {parts} parts are done: sodate score status {job}",
            done=figures["segments"] - figures["running"],
            parts=figures["segments"],
            job=latest.job,
        )
    return (
        Message("the rules changed during the back-fill: sodate segment backfill") if figures["rules_changed"] else None
    )


def _live_version(definitions: Definitions) -> int:
    """0: there are no segments."""
    return next((stored.version for stored in definitions.all_live("segments")), 0)
