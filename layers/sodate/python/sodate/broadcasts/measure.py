"""Counts leads and successes per variant of a run's experiment, from the ledger and the logs of its sample.

It reads one ledger item and the log since the email of each lead of the sample: two read units per lead. No table scan,
and no counter that a redelivery could raise twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.activities.store import activities_since
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import Batch, batches_of
from sodate.email.delivery.broadcast_message import MAIN
from sodate.email.ledger.states import RANK
from sodate.email.ledger.store import SendItem, find_sends
from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count
from sodate.experiments.look import Look
from sodate.experiments.success import Window, success_in, success_of

#: Events of the last minutes may still be on their way into the log.
UNREPORTED = timedelta(minutes=5)
_WAITING = ("planned", "sending")


def measure(run: Run, experiment: Experiment, look: Look, has_time: Callable[[], bool]) -> tuple[Look, bool]:
    """The look with as many more batches as there is time for, at least one; and whether it is complete."""
    begins_at = look.next_batch
    for batch in batches_of(run, look.next_batch):
        if batch.number > begins_at and not has_time():
            return look, False
        if batch.cell is not None and batch.cell != MAIN:
            look = _with_batch(run, experiment, look, batch, batch.cell)
        look = replace(look, next_batch=batch.number + 1)
    return look, True


def _with_batch(run: Run, experiment: Experiment, look: Look, batch: Batch, variant: str) -> Look:
    sends = find_sends([(lead_id, run.send_id(lead_id)) for lead_id in batch.leads])
    leads = [_seen(send, experiment, look) for send in sends]
    counts = Count(sum(one.counts for one in leads), sum(one.success for one in leads))
    return look.counted(variant, counts, sum(one.by_robot for one in leads), sum(one.is_open for one in leads))


@dataclass(frozen=True)
class _Seen:
    """Of one lead. `counts`: its email left, and it was seen for the time of the look."""

    counts: bool = False
    success: bool = False
    by_robot: bool = False
    is_open: bool = False


def _seen(send: SendItem | None, experiment: Experiment, look: Look) -> _Seen:
    if send is None or send.state in _WAITING:
        return _Seen(is_open=True)
    if send.rank < RANK["sent"]:
        return _Seen()
    sent_at = datetime.fromisoformat(send.sent_at or send.planned_at)
    end = sent_at + look.exposure
    if end > look.until:
        return _Seen(is_open=True)
    is_success = success_of(experiment, send=send.send_id)
    success = success_in(activities_since(send.lead_id, sent_at), is_success, Window(sent_at, end))
    return _Seen(True, success.is_one, success.by_robot)
