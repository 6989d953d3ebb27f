"""What a rehearsal counts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

#: Emails of one broadcast or scenario.
Source = str


@dataclass
class Figures:
    """`time_zone`: of days and hours. Sources are ids of scenarios, sequences and broadcasts.

    `variants`: answers to a broadcast's experiment, by source, occurrence, variant and answer; `decided`: its outcome.
    `waiting`: entries over a scenario's limit.
    `edges`: enrollments that left a step, by scenario, step and exit. `overlaps`: people who were in both scenarios at
    the same time. `hours_to_goal`: since the enrollment began. `signals` and `calls`: by day and owner.
    `arrived`: through a form, within the days of the rehearsal; `opt_in_emails`: to those of them who must confirm.
    """

    time_zone: ZoneInfo
    people: int = 0
    arrived: int = 0
    opt_in_emails: int = 0
    confirmed: int = 0
    sent: Counter[tuple[date, Source]] = field(default_factory=Counter)
    hours: Counter[tuple[int, Source]] = field(default_factory=Counter)
    answers: Counter[tuple[Source, str, str]] = field(default_factory=Counter)
    variants: Counter[tuple[Source, str, str, str]] = field(default_factory=Counter)
    decided: dict[tuple[Source, str], str] = field(default_factory=dict)
    skipped: Counter[tuple[Source, str]] = field(default_factory=Counter)
    deferred: Counter[tuple[Source, str]] = field(default_factory=Counter)
    waiting: Counter[Source] = field(default_factory=Counter)
    entered: Counter[Source] = field(default_factory=Counter)
    entered_on: Counter[tuple[date, Source]] = field(default_factory=Counter)
    edges: Counter[tuple[Source, str, str]] = field(default_factory=Counter)
    ended: Counter[tuple[Source, str]] = field(default_factory=Counter)
    still: Counter[tuple[Source, str]] = field(default_factory=Counter)
    overlaps: Counter[tuple[Source, Source]] = field(default_factory=Counter)
    hours_to_goal: dict[tuple[Source, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    signals: Counter[tuple[date, str]] = field(default_factory=Counter)
    calls: Counter[tuple[date, str]] = field(default_factory=Counter)
    sales_answers: Counter[str] = field(default_factory=Counter)
    opt_outs: Counter[str] = field(default_factory=Counter)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.time_zone).date()

    def count_sent(self, source: Source, at: datetime) -> None:
        local = at.astimezone(self.time_zone)
        self.sent[local.date(), source] += 1
        self.hours[local.hour, source] += 1

    @property
    def emails(self) -> int:
        return self.sent.total()

    def emails_of(self, source: Source) -> int:
        return sum(count for (_, one), count in self.sent.items() if one == source)
