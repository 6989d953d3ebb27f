"""Counts the emails that SES accepted, and those that it reported on, per ten minutes: did reports arrive at a time?

SES reports on every email that it accepts. When it reported on the neighbours of an email but for hours not on the
email itself, that is the evidence that this one never left (docs/decisions/0073). Each invocation of the sender and of
the event function writes its counter once. A crash may lose a count: too few `accepted` is harmless, because the share
only decides whether reports arrived at all; too few `reported` only delays a second attempt.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.dynamodb import keys
from sodate.email.events.event import EmailEvent
from sodate.email.events.store import add_to_window, windows_of
from sodate.errors import Transient
from sodate.messages import Message

WINDOW = timedelta(minutes=10)
#: Share of the accepted emails that must have a report. Less than 1: some receivers respond slowly, and SES reports on
#: those emails only when it delivers or gives up.
ENOUGH = 0.9
#: Almost every email gets one of these. A later bounce of a delivered email counts it twice, which is rare.
_FIRST_REPORTS = frozenset({"Delivery", "Bounce", "Reject", "Rendering Failure"})


@dataclass(frozen=True)
class Coverage:
    """Counts of the emails that SES accepted between `since` and `until`."""

    since: datetime
    until: datetime
    accepted: int
    reported: int

    @property
    def shows_that_reports_arrived(self) -> bool:
        return self.accepted > 0 and self.reported >= ENOUGH * self.accepted

    def __str__(self) -> str:
        since, until = keys.stamp(self.since), keys.stamp(self.until)
        return Message(
            "SES reported on {reported} of {accepted} emails that it accepted from {since} to {until}",
            reported=self.reported,
            accepted=self.accepted,
            since=since,
            until=until,
        )


def count_accepted(emails: int, at: datetime) -> None:
    """A count that is lost, because the table is not available, only makes the sample smaller."""
    if emails:
        with suppress(Transient):
            add_to_window(*_key(at), accepted=emails, at=at)


def count_reported(taken_at: Iterable[datetime]) -> None:
    """`taken_at`: when SES accepted each email, from its first final report.

    Raises: `Transient` when the table is not available.
    """
    for window, emails in Counter(_window(at) for at in taken_at).items():
        add_to_window(*_key(window), reported=emails, at=window)


def taken_times(events: Iterable[EmailEvent]) -> list[datetime]:
    """Acceptance times of the emails whose first report is among `events`."""
    return [event.taken_at for event in events if event.type in _FIRST_REPORTS and event.taken_at is not None]


def coverage(since: datetime, until: datetime) -> Coverage:
    """Whole windows, so up to ten minutes more at either end. One query per UTC day."""
    windows: dict[tuple[str, str], tuple[int, int]] = {}
    day = _window(since).replace(hour=0, minute=0)
    while day <= until:
        windows |= windows_of(keys.report_coverage(day))
        day += timedelta(days=1)
    first, last = _key(since), _key(until)
    within = [counts for key, counts in windows.items() if first <= key <= last]
    return Coverage(since, until, sum(accepted for accepted, _ in within), sum(reported for _, reported in within))


def _key(at: datetime) -> tuple[str, str]:
    return keys.report_coverage(at), keys.minute(_window(at))


def _window(at: datetime) -> datetime:
    return at.replace(minute=at.minute - at.minute % 10, second=0, microsecond=0)
