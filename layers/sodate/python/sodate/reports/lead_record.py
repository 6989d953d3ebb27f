"""What a report of an operator reads of one lead: its activities in the period, its state now, its signals. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from sodate.activities.activity import Activity
from sodate.activities.verdict import robots_in
from sodate.kpis.period import begin_of, end_of
from sodate.reports.document import Period
from sodate.reports.sales import SignalFigures


@dataclass(frozen=True)
class Span:
    """From `begin` on, before `end`."""

    begin: datetime
    end: datetime

    def has(self, at: datetime) -> bool:
        return self.begin <= at < self.end


def span_of(period: Period) -> Span:
    return Span(begin_of(period.first, period.time_zone), end_of(period.last, period.time_zone))


@dataclass(frozen=True)
class LeadRecord:
    """`log`: activities of the period, without those of robots. `phase`: its id; None: never scored.

    `began`: scenarios and sequences whose latest enrollment began in the period; a sequence logs no entry.
    """

    log: tuple[Activity, ...]
    phase: str | None = None
    stage: str | None = None
    segments: frozenset[str] = frozenset()
    signals: tuple[SignalFigures, ...] = ()
    began: tuple[str, ...] = ()


class LogFold(Protocol):
    """Figures that leads are counted into one by one, in any order, and that are added up."""

    def count(self, lead: LeadRecord) -> None: ...
    def merge(self, other: Self) -> None: ...


def by_people(log: Sequence[Activity], span: Span) -> tuple[Activity, ...]:
    """`log`: the whole log of a lead: a later verdict says who did an earlier activity."""
    robots = robots_in(log)
    return tuple(one for one in log if span.has(one.at) and one.key not in robots)


def types_of(log: Iterable[Activity]) -> set[str]:
    return {one.type for one in log}
