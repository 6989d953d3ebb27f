"""Everybody's score from the log, under any rule set, as of any moment; and two rule sets side by side, as people.

One lead at a time, so that memory does not grow with their number. Figures only grow by adding, so a replay may stop
anywhere and go on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import from_image
from sodate.dynamodb import bulk, keys
from sodate.dynamodb.bulk import Raw, plain
from sodate.errors import Invalid
from sodate.leads.lead import Profile
from sodate.leads.store import profile_from_raw
from sodate.scoring.fold import Fold
from sodate.scoring.memory import Memory, loaded
from sodate.scoring.store import moment

#: So many people are named on each side of a comparison; all are counted.
NAMED = 500
_WEEKS = 26


@dataclass(frozen=True)
class Case:
    """One lead: what a replay needs, and what was recorded (None: nothing yet)."""

    profile: Profile
    log: list[Activity]
    recorded: Memory | None
    rules_version: int = 0


def cases(items: Iterable[Raw]) -> Iterator[Case]:
    """Items of the table as they lie there: all of one lead together. Others are passed over.

    Raises `Invalid` for a lead whose items cannot be read.
    """
    for pk, group in groupby(items, key=lambda item: str(item["pk"]["S"])):
        if not pk.startswith(keys.lead("")):
            continue
        held = list(group)
        profile = next((item for item in held if item["sk"]["S"] == keys.PROFILE), None)
        if profile is None:
            continue
        try:
            yield _case(profile, held)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"lead {keys.lead_id_of(pk)} has an item that cannot be read: {error!r}", "item") from error


def partitions(start: Raw | None = None, segment: int = 0, segments: int = 1) -> Iterator[tuple[list[Raw], Raw]]:
    """The items of one partition after another (a lead's lie in one, whatever their number), and where each ends."""
    for _, group in groupby(bulk.scan(start, segment, segments), key=lambda item: str(item["pk"]["S"])):
        held = list(group)
        yield held, bulk.key_of(held[-1])


def read_table(start: Raw | None = None, segment: int = 0, segments: int = 1) -> Iterator[tuple[Case, Raw]]:
    """Leads one after another, and the position behind each, so that a run may stop and go on."""
    for items, position in partitions(start, segment, segments):
        for case in cases(items):
            yield case, position


def _case(profile: Raw, held: list[Raw]) -> Case:
    log = [from_image(plain({"M": item})) for item in held if item["sk"]["S"].startswith(keys.ACTIVITIES)]
    score = next((item for item in held if item["sk"]["S"] == keys.SCORE), None)
    recorded = loaded(score["memory"]["S"]) if score is not None else None
    version = int(score["rules_version"]["N"]) if score is not None else 0
    return Case(profile_from_raw(profile), log, recorded, version)


def replay(case: Case, fold: Fold, at: datetime) -> Memory:
    """As of that moment: what was logged later is not known yet."""
    return fold.replay(case.profile, [one for one in case.log if one.at <= at], at)


def is_recorded(case: Case, memory: Memory, fold: Fold, rules_version: int) -> bool:
    """Whether the recorded score is this one. What time alone did since it was written is no difference."""
    if case.recorded is None or case.rules_version != rules_version:
        return False
    fold.settle(case.recorded, memory.now)
    return case.recorded == memory


@dataclass
class Tally:
    """What a population looks like under one rule set."""

    leads: int = 0
    activities: int = 0
    hot: int = 0
    ranks: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    """Rises to hot, by the Monday of the week: what sales is told of."""
    differ: int = 0
    """Leads whose recorded score is not what the log says."""

    def add(self, case: Case, fold: Fold, memory: Memory) -> None:
        self.leads += 1
        self.activities += len(case.log)
        self.hot += memory.hot
        self.ranks[memory.rank] += 1
        self.phases[fold.rules.phases[memory.phase].id] += 1
        self.stages[memory.stage] += 1
        self.calls.update(week_of(minute) for minute in memory.rises)

    def calls_a_week(self, until: datetime) -> float:
        """The mean of the last half year, quiet weeks included."""
        first = int(until.timestamp()) // 60 - _WEEKS * 7 * 24 * 60
        recent = sum(count for week, count in self.calls.items() if week >= week_of(first))
        return recent / _WEEKS


@dataclass
class Comparison:
    """Two rule sets over the same people."""

    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    ranks: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    """`<source> becomes hot` or `<source> stops being hot`."""
    becomes_hot: list[str] = field(default_factory=list)
    stops_being_hot: list[str] = field(default_factory=list)
    moved: int = 0

    def add(self, case: Case, old: Fold, new: Fold, at: datetime) -> None:
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
    found: dict[str, Any] = {}
    for name, value in vars(figures).items():
        found[name] = as_document(value) if isinstance(value, Tally) else value
        if isinstance(value, Counter):
            found[name] = dict(sorted(value.items()))
    return found


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
