"""Score state of one lead: enough to apply the next activity without reading the log again.

Times are whole minutes since 1970 and points are integer millionths, so that decay gives the same result everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sodate.activities.catalog import LifecycleStage
from sodate.scoring.rank import Rank

POINT = 1_000_000
#: Phase changes kept in the state; the log can reproduce all of them.
_PHASES_KEPT = 6
#: Stages of the funnel, in their order. A lead that reaches one has reached those before it.
FUNNEL = ("lead", "mql", "sql", "deal", "won")
#: Longest id of the origin of a lead: strangers choose them (UTM parameters), and the item must stay small.
_LONGEST_ORIGIN = 60


class RuleState:
    """Counters of one behaviour rule: `points` (millionths) as of minute `at`, `times` counted, and `in_period`.

    `recent`: minutes of matches that have not yet reached the rule's `times` within `within_days`.
    """

    __slots__ = ("at", "in_period", "period", "points", "recent", "times")

    def __init__(
        self, points: int = 0, at: int = 0, times: int = 0, period: int = 0, in_period: int = 0, recent: Any = ()
    ) -> None:
        self.points = points
        self.at = at
        self.times = times
        self.period = period
        self.in_period = in_period
        self.recent: list[int] = list(recent)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleState) and self.as_list() == other.as_list()

    __hash__ = None  # type: ignore[assignment]

    def as_list(self) -> list[Any]:
        values: list[Any] = [self.points, self.at, self.times, self.period, self.in_period, self.recent]
        while len(values) > 3 and not values[-1]:
            values.pop()
        return values


@dataclass
class ScoreState:
    """`last`: stamp and key of the newest applied activity. `now`: the minute up to which classes are settled.

    `seen`: minute of the lead's own latest activity, 0 for none. `rule_states`: by rule number. `predicate_matches`: by
    number of the activity predicate, the latest minutes at which it matched, as many as it asks for, newest last.
    `matching_rules`, `matching_predicates`: numbers of the attribute rules and predicates that the profile matches.
    """

    last: str = ""
    seen: int = 0
    now: int = field(default=0, compare=False)
    rule_states: dict[int, RuleState] = field(default_factory=dict)
    predicate_matches: dict[int, list[int]] = field(default_factory=dict)
    matching_rules: frozenset[int] = frozenset()
    matching_predicates: frozenset[int] = frozenset()
    adjusted_plus: int = 0
    adjusted_minus: int = 0
    robots: tuple[str, ...] = ()
    """Keys of activities judged to be a robot's before the activity itself arrived."""
    hot: bool = False
    rank: Rank = Rank.C3
    phase: int = 0
    stage: LifecycleStage = LifecycleStage.LEAD
    stage_since: int = 0
    rises: list[int] = field(default_factory=list, compare=False)
    """Minutes at which the lead became hot during this replay; not stored."""
    phases: list[tuple[int, int, str]] = field(default_factory=list)
    """Phases entered: number, minute, cause (an activity type, `time`, or `profile`)."""
    reached: list[int] = field(default_factory=list)
    """The minute at which each stage of the funnel was first reached (`FUNNEL`), as far as the lead came."""
    stays: dict[int, list[int]] = field(default_factory=dict)
    """Completed stays by phase: how many, and their minutes together."""
    origin: dict[str, str] = field(default_factory=dict)
    """What brought the lead: `form`, `source`, `campaign`."""

    def reach(self, stage: int, minute: int) -> None:
        """`stage`: its place in `FUNNEL`."""
        while len(self.reached) <= stage:
            self.reached.append(minute)

    def enter(self, phase: int, minute: int, why: str) -> None:
        if self.phases or why != "profile":  # by its profile a lead begins in a phase, and has stayed in none
            since = self.phases[-1][1] if self.phases else next(iter(self.reached), minute)
            times, minutes = self.stays.get(self.phase, (0, 0))
            self.stays[self.phase] = [times + 1, minutes + max(0, minute - since)]
        self.phase = phase
        self.phases = [*self.phases[1 - _PHASES_KEPT :], (phase, minute, why)]

    @property
    def phase_since(self) -> int | None:
        return self.phases[-1][1] if self.phases else None


def dumped(score_state: ScoreState) -> str:
    """Compact JSON: the item must stay within one write unit (1 KB)."""
    document = {
        "l": score_state.last,
        "s": score_state.seen,
        "n": score_state.now,
        "c": {str(number): one.as_list() for number, one in sorted(score_state.rule_states.items())},
        "t": {str(number): minutes for number, minutes in sorted(score_state.predicate_matches.items())},
        "a": sorted(score_state.matching_rules),
        "d": sorted(score_state.matching_predicates),
        "j": [score_state.adjusted_plus, score_state.adjusted_minus]
        if score_state.adjusted_plus or score_state.adjusted_minus
        else None,
        "b": score_state.robots,
        "h": int(score_state.hot),
        "r": score_state.rank,
        "p": score_state.phase,
        "g": [score_state.stage, score_state.stage_since] if score_state.stage is not LifecycleStage.LEAD else None,
        "w": score_state.phases,
        "f": score_state.reached,
        "y": {str(number): stay for number, stay in sorted(score_state.stays.items())},
        "o": score_state.origin,
    }
    return json.dumps({name: value for name, value in document.items() if value}, separators=(",", ":"))


def loaded(text: str) -> ScoreState:
    """The score state of a stored document, of this release or of the one before it."""
    stored = _upgraded(json.loads(text))
    stage, since = stored.get("g", ("lead", 0))
    plus, minus = stored.get("j", (0, 0))
    return ScoreState(
        last=stored.get("l", ""),
        seen=stored.get("s", 0),
        now=stored.get("n", 0),
        rule_states={int(number): RuleState(*values) for number, values in stored.get("c", {}).items()},
        predicate_matches={int(number): minutes for number, minutes in stored.get("t", {}).items()},
        matching_rules=frozenset(stored.get("a", ())),
        matching_predicates=frozenset(stored.get("d", ())),
        adjusted_plus=plus,
        adjusted_minus=minus,
        robots=tuple(stored.get("b", ())),
        hot=bool(stored.get("h", 0)),
        rank=Rank(stored.get("r", "C3")),
        phase=stored.get("p", 0),
        stage=LifecycleStage(stage),
        stage_since=since,
        phases=[(number, minute, why) for number, minute, why in stored.get("w", ())],
        reached=stored.get("f", []),
        stays={int(number): stay for number, stay in stored.get("y", {}).items()},
        origin=stored.get("o", {}),
    )


def origin_of(source: Mapping[str, Any]) -> dict[str, str]:
    """What brought a lead, from the source of its profile."""
    names = {"form": "form", "source": "utm_source", "campaign": "utm_campaign"}
    found = {name: str(source.get(stored) or "")[:_LONGEST_ORIGIN] for name, stored in names.items()}
    return {name: id_ for name, id_ in found.items() if id_}


def _upgraded(stored: dict[str, Any]) -> dict[str, Any]:
    """Releases before 2026-11-26 wrote `m`, which began with a count, and added 1000 to predicate numbers in `a`."""
    if "t" in stored or "d" in stored:
        return stored
    numbers = stored.get("a", ())
    matches = {number: minutes[1:] for number, minutes in stored.get("m", {}).items()}
    rules, predicates = [n for n in numbers if n < 1000], [n - 1000 for n in numbers if n >= 1000]
    return stored | {"t": matches, "a": rules, "d": predicates}
