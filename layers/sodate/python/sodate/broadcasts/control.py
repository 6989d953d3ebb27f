"""Pause, resume and cancel a run. A batch that is being sent at that moment is still sent, up to 50 emails a sender."""

from collections.abc import Callable

from sodate.broadcasts import store
from sodate.broadcasts.run import Run
from sodate.broadcasts.store import load_run, runs_of
from sodate.errors import Invalid, NotFound
from sodate.messages import Message


def pause(broadcast: str, occurrence: str | None) -> Run:
    """Nothing of the run is sent until it is resumed; what is late by more than `valid_hours` then is skipped."""
    return _changed(broadcast, occurrence, lambda run: store.set_paused(run, is_paused=True))


def resume(broadcast: str, occurrence: str | None) -> Run:
    return _changed(broadcast, occurrence, lambda run: store.set_paused(run, is_paused=False))


def cancel(broadcast: str, occurrence: str | None) -> Run:
    """What was not sent yet is skipped when it is due, with the reason `broadcast_cancelled`. It cannot be undone."""
    return _changed(broadcast, occurrence, lambda run: store.cancel(run, "by_an_operator"))


def _changed(broadcast: str, occurrence: str | None, change: Callable[[Run], None]) -> Run:
    """The run afterwards.

    Raises:
        NotFound: there is no such run.
        Conflict: it is over.
        Invalid: `occurrence` is None, and it is not clear which run is meant.
    """
    run = load_run(broadcast, occurrence) if occurrence else _only_one(broadcast)
    change(run)
    return load_run(broadcast, run.occurrence)


def _only_one(broadcast: str) -> Run:
    """The only run that is not over; of several, the only one that has begun: the others are planned."""
    open_runs = [run for run in runs_of(broadcast) if not run.is_over]
    begun = [run for run in open_runs if run.began is not None]
    if not open_runs:
        raise NotFound(Message("broadcast {broadcast!r} has no run that is planned or sending", broadcast=broadcast))
    for candidates in (open_runs, begun):
        if len(candidates) == 1:
            return candidates[0]
    raise Invalid(Message("which run? --run {open_runs}", open_runs=", ".join(run.occurrence for run in open_runs)))
