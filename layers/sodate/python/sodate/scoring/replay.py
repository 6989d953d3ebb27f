"""Replay of all scores from the logs, under any rule set and as of any moment, and comparison of two rule sets.

Leads are read one at a time, so memory use does not grow with their number. Figures are sums, so a replay can stop
after any lead and resume.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, key_of, plain
from sodate.errors import Invalid
from sodate.leads.lead import Profile
from sodate.leads.store import to_profile
from sodate.messages import Message
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.score_state import ScoreState
from sodate.scoring.store import moment, recorded_state

#: At most this many lead ids are listed on each side of a comparison; all leads are counted.
NAMED = 500
_WEEKS = 26


@dataclass(frozen=True)
class Case:
    """One lead: profile and log for a replay, and the stored score (None: not scored yet)."""

    profile: Profile
    log: list[Activity]
    recorded: ScoreState | None
    rules_version: int = 0


def cases(items: Iterable[Row]) -> Iterator[Case]:
    """Leads from raw items in table order (all items of one lead adjacent). Items of other entities are skipped.

    Raises: `Invalid` for a lead whose items cannot be read.
    """
    for pk, group in groupby(items, key=lambda item: str(item["pk"]["S"])):
        if not pk.startswith(keys.lead("")):
            continue
        lead_items = list(group)
        profile = next((item for item in lead_items if item["sk"]["S"] == keys.PROFILE), None)
        if profile is None:
            continue
        try:
            yield _case(profile, lead_items)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(
                Message(
                    "lead {lead_id_of} has an item that cannot be read: {error!r}",
                    lead_id_of=keys.lead_id_of(pk),
                    error=error,
                ),
                "item",
            ) from error


def partitions(start: Row | None = None, segment: int = 0, segments: int = 1) -> Iterator[tuple[list[Row], Row]]:
    """The items of each partition, with its last key. All items of a lead are in one partition."""
    for _, group in groupby(table.scan_rows(start, segment, segments), key=lambda item: str(item["pk"]["S"])):
        items = list(group)
        yield items, key_of(items[-1])


def read_table(start: Row | None = None, segment: int = 0, segments: int = 1) -> Iterator[tuple[Case, Row]]:
    """Leads one by one, each with the position after it, from which a run can resume."""
    for items, position in partitions(start, segment, segments):
        for case in cases(items):
            yield case, position


def _case(profile: Row, items: list[Row]) -> Case:
    log = [from_image(plain({"M": item})) for item in items if item["sk"]["S"].startswith(keys.ACTIVITIES)]
    score = next((item for item in items if item["sk"]["S"] == keys.SCORE), None)
    recorded, version = recorded_state(score)
    return Case(to_profile(profile), log, recorded, version)


def replay(case: Case, engine: ScoringEngine, at: datetime) -> ScoreState:
    """The score as of `at`: later activities are ignored."""
    return engine.replay(case.profile, [one for one in case.log if one.at <= at], at)


def is_recorded(case: Case, score_state: ScoreState, engine: ScoringEngine, rules_version: int) -> bool:
    """Whether the stored score equals this one, after advancing the stored one to the same minute."""
    if case.recorded is None or case.rules_version != rules_version:
        return False
    engine.settle(case.recorded, score_state.now)
    return case.recorded == score_state


@dataclass
class Tally:
    """Counts over all leads under one rule set."""

    leads: int = 0
    activities: int = 0
    hot: int = 0
    ranks: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    """Leads that became hot (signals to sales), by the Monday of the week."""
    differ: int = 0
    """Leads whose stored score differs from the replay."""

    def add(self, case: Case, engine: ScoringEngine, score_state: ScoreState) -> None:
        self.leads += 1
        self.activities += len(case.log)
        self.hot += score_state.hot
        self.ranks[score_state.rank] += 1
        self.phases[engine.rules.phases[score_state.phase].id] += 1
        self.stages[score_state.stage] += 1
        self.calls.update(week_of(minute) for minute in score_state.rises)

    def calls_a_week(self, until: datetime) -> float:
        """Mean signals per week over the last 26 weeks, including weeks with none."""
        first = int(until.timestamp()) // 60 - _WEEKS * 7 * 24 * 60
        recent = sum(count for week, count in self.calls.items() if week >= week_of(first))
        return recent / _WEEKS


@dataclass
class Comparison:
    """Two rule sets over the same leads."""

    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    ranks: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    """`<source> becomes hot` or `<source> stops being hot`."""
    becomes_hot: list[str] = field(default_factory=list)
    stops_being_hot: list[str] = field(default_factory=list)
    moved: int = 0

    def add(self, case: Case, old: ScoringEngine, new: ScoringEngine, at: datetime) -> None:
        was, is_ = replay(case, old, at), replay(case, new, at)
        self.before.add(case, old, was)
        self.after.add(case, new, is_)
        phases = old.rules.phases[was.phase].id, new.rules.phases[is_.phase].id
        self.ranks[f"{was.rank} → {is_.rank}"] += 1
        self.phases[f"{phases[0]} → {phases[1]}"] += 1
        self.moved += (was.rank, was.hot, phases[0]) != (is_.rank, is_.hot, phases[1])
        if was.hot != is_.hot:
            named = self.becomes_hot if is_.hot else self.stops_being_hot
            self.sources[f"{source_of(case.profile)} {'becomes hot' if is_.hot else 'stops being hot'}"] += 1
            if len(named) < NAMED:
                named.append(case.profile.lead_id)


def source_of(profile: Profile) -> str:
    return str(profile.source.get("utm_source") or profile.source.get("form") or "unknown")


def week_of(minute: int) -> str:
    year, week, _ = moment(minute).isocalendar()
    return f"{datetime.fromisocalendar(year, week, 1).replace(tzinfo=UTC):%Y-%m-%d}"


def as_document(figures: Tally | Comparison) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in vars(figures).items():
        document[name] = as_document(value) if isinstance(value, Tally) else value
        if isinstance(value, Counter):
            document[name] = dict(sorted(value.items()))
    return document


def tally_from(document: Mapping[str, Any]) -> Tally:
    tally = Tally()
    vars(tally).update(_counted(document))
    return tally


def comparison_from(document: Mapping[str, Any]) -> Comparison:
    both = Comparison()
    vars(both).update(_counted(document))
    both.before, both.after = tally_from(document["before"]), tally_from(document["after"])
    return both


def _counted(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Counter(value) if isinstance(value, dict) else value for name, value in document.items()}
