"""Every minute: adds the changes that wait to the counters of the KPIs."""

from collections.abc import Sequence
from typing import Any

from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid
from sodate.kpis.due_entry import KPI_ENTRIES
from sodate.kpis.fold import fold
from sodate.playbook.store import parsed
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Record
from sodate.scheduling.poller import PolledLane, poll
from sodate.scheduling.store import KPI

#: Entries that are folded together: their partitions are read at once, and their totals written once.
_PAGE = 50


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    rounds = 0

    def hand_over(entries: Sequence[Record]) -> int:
        nonlocal rounds
        try:
            rounds += fold(_partitions(app, entries), _zone(app), app.clock.now())
        except Conflict as error:
            app.log.warning("stopped for now", extra={"why": str(error)})
            return 0
        return len(entries)

    tick = poll([PolledLane(KPI, hand_over, _PAGE)], app.dispatcher_cache.cursors, app.clock.now())[KPI.name]
    return {"minutes": tick.minutes, "looked_at": tick.handed_over, "rounds": rounds}


def _partitions(app: App, entries: Sequence[Record]) -> list[str]:
    found = []
    for entry in entries:
        try:
            found.append(KPI_ENTRIES.parse(entry).partition)
        except Invalid as error:  # of a newer release, or a defect: it must not stop the counters
            app.log.error("due entry failed", extra={"why": str(error)})
    return found


def _zone(app: App) -> str:
    return parsed(app.definitions.live("mailing"), Mailing).sender.time_zone


handler = on_lambda(handle)
