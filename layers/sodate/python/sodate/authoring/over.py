"""Schedules of broadcasts and entries whose last occurrence is past. Pure."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sodate.authoring.loader import Playbook
from sodate.broadcasts.schedule import next_local
from sodate.messages import Message
from sodate.playbook.store import Kind
from sodate.scenarios.entries import ScheduleEntry
from sodate.scenarios.recurrence import next_after


def schedules_over(book: Playbook, now: datetime) -> Iterator[tuple[Kind, str, str]]:
    """Kind and id of a definition, and a note for people."""
    mailing = book.mailing.model if book.mailing else None
    if mailing is None:
        return
    for broadcast in (doc.model for doc in book.broadcasts if doc.model):
        if next_local(broadcast, mailing, now) is None:
            key = "once" if broadcast.once else "recurrence"
            yield (
                "broadcast",
                broadcast.id,
                Message("{key}: it is past, and never happens again; give it a later date to send", key=key),
            )
    for scenario in (doc.model for doc in book.scenarios if doc.model):
        zone = ZoneInfo(scenario.time_zone)
        for index, entry in enumerate(scenario.entry):
            if not isinstance(entry, ScheduleEntry):
                continue
            if next_after(entry.schedule, now, zone, scenario.calendar, mailing.closing_days) is None:
                note = Message(
                    "entry[{index}].schedule: it is past, and never happens again; nobody enters by it", index=index
                )
                yield "sequence", scenario.id, note
