"""What a score remembers of a lead's log: enough to fold the next activity without reading the log again.

Times are whole minutes since 1970, points are millionths, so that fading is the same whoever computes it.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

POINT = 1_000_000
#: Marketing's gate and sales' answer. `lead` has passed neither.
Stage = Literal["lead", "mql", "sql", "rejected", "customer", "lost"]
#: So many changes of phase are remembered; the log has all that led to them.
_PHASES_KEPT = 6


class Counted:
    """What one behaviour rule has given: `points` as they were `at`, how often it counted, and in which period."""

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
        return isinstance(other, Counted) and self.as_list() == other.as_list()

    __hash__ = None  # type: ignore[assignment]

    def as_list(self) -> list[Any]:
        found: list[Any] = [self.points, self.at, self.times, self.period, self.in_period, self.recent]
        while len(found) > 3 and not found[-1]:
            found.pop()
        return found


@dataclass
class Memory:
    """`last` is the newest activity folded (its stamp and key), `now` the minute up to which classes are settled.

    `counted` is by the number of the rule, `met` (the latest minutes of what a condition asks for, newest last, after
    how many there were) by the number of the test, `held` the attribute rules and tests that hold.
    """

    last: str = ""
    seen: int = 0
    now: int = field(default=0, compare=False)
    counted: dict[int, Counted] = field(default_factory=dict)
    met: dict[int, list[int]] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    adjusted_plus: int = 0
    adjusted_minus: int = 0
    robots: tuple[str, ...] = ()
    """Keys that were judged to be a robot's before the activity itself came."""
    hot: bool = False
    rank: str = "C3"
    phase: int = 0
    stage: Stage = "lead"
    stage_since: int = 0
    rises: list[int] = field(default_factory=list, compare=False)
    """When it rose to hot, as far as this process folded it; not kept."""
    phases: list[tuple[int, int, str]] = field(default_factory=list)
    """Phases entered: number, minute, what led there (a kind of activity, `time`, or `profile`)."""

    def enter(self, phase: int, minute: int, why: str) -> None:
        self.phase = phase
        self.phases = [*self.phases[1 - _PHASES_KEPT :], (phase, minute, why)]

    @property
    def phase_since(self) -> int | None:
        return self.phases[-1][1] if self.phases else None


def dumped(memory: Memory) -> str:
    """As short as can be: the item must stay within one write unit."""
    found = {
        "l": memory.last,
        "s": memory.seen,
        "n": memory.now,
        "c": {str(number): one.as_list() for number, one in sorted(memory.counted.items())},
        "m": {str(number): minutes for number, minutes in sorted(memory.met.items())},
        "a": sorted(memory.held),
        "j": [memory.adjusted_plus, memory.adjusted_minus] if memory.adjusted_plus or memory.adjusted_minus else None,
        "b": memory.robots,
        "h": int(memory.hot),
        "r": memory.rank,
        "p": memory.phase,
        "g": [memory.stage, memory.stage_since] if memory.stage != "lead" else None,
        "w": memory.phases,
    }
    return json.dumps({name: value for name, value in found.items() if value}, separators=(",", ":"))


def loaded(text: str) -> Memory:
    held = json.loads(text)
    stage, since = held.get("g", ("lead", 0))
    plus, minus = held.get("j", (0, 0))
    return Memory(
        last=held.get("l", ""),
        seen=held.get("s", 0),
        now=held.get("n", 0),
        counted={int(number): Counted(*values) for number, values in held.get("c", {}).items()},
        met={int(number): minutes for number, minutes in held.get("m", {}).items()},
        held=frozenset(held.get("a", ())),
        adjusted_plus=plus,
        adjusted_minus=minus,
        robots=tuple(held.get("b", ())),
        hot=bool(held.get("h", 0)),
        rank=held.get("r", "C3"),
        phase=held.get("p", 0),
        stage=stage,
        stage_since=since,
        phases=[(number, minute, why) for number, minute, why in held.get("w", ())],
    )
