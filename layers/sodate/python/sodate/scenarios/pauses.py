"""What ended pauses mean for the times of an enrollment. Pure; production and rehearsal call it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.scenarios.scenario import RUNNING, PausePolicy, ScenarioStatus

#: From, until.
Span = tuple[datetime, datetime]
_TIME_PASSES = PausePolicy()


def spans_of(history: Iterable[tuple[datetime, ScenarioStatus]]) -> tuple[Span, ...]:
    """Ended pauses, in order. `history`: when each version was published, and its status, oldest first."""
    spans, began = list[Span](), None
    for at, status in history:
        if status not in RUNNING:
            began = began or at
        elif began is not None:
            spans.append((began, at))
            began = None
    return tuple(spans)


@dataclass(frozen=True)
class Pauses:
    spans: tuple[Span, ...] = ()
    policy: PausePolicy = _TIME_PASSES

    def entered(self, at: datetime) -> datetime:
        """When a visit that began at `at` counts as begun."""
        if self.policy.waits == "count_on":
            return at
        for paused, resumed in self.spans:
            if resumed > at:
                at = resumed if self.policy.waits == "restart" else at + (resumed - max(paused, at))
        return at

    def resumed_after(self, due: datetime) -> datetime | None:
        """The end of the pause in which an email fell due; None: in none, or `valid_hours` decides."""
        if self.policy.skip_overdue_hours is None:
            return None
        return next((resumed for paused, resumed in self.spans if paused <= due < resumed), None)

    def is_overdue(self, due: datetime) -> bool:
        """Whether an email that fell due then is skipped."""
        resumed, most = self.resumed_after(due), self.policy.skip_overdue_hours
        return resumed is not None and most is not None and resumed - due > timedelta(hours=most)


NO_PAUSE = Pauses()
