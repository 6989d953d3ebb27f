"""Facts about the behaviour of one lead: matches of the activity predicates that live definitions mention.

A predicate is known by a hash of what it matches (`predicate_key`), so facts outlive a new version of a definition.
"""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Matches:
    """`first`: minute of the first match. `latest`: minutes of the latest ones, newest last, as many as are asked for.

    Minutes are counted since 1970.
    """

    first: int
    latest: list[int]

    def add(self, minute: int, keep: int) -> None:
        self.latest.append(minute)
        del self.latest[:-keep]


@dataclass
class LeadFacts:
    """`last`: log position of the newest applied activity. `seen`: minute of the lead's own latest activity, 0: none.

    `segments`: segment → minute at which the lead became a member. `added`: static segments the lead was put in.
    `robots`: keys of activities judged to be a robot's before the activity itself arrived.
    """

    last: str = ""
    seen: int = 0
    matches: dict[str, Matches] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    robots: tuple[str, ...] = ()
    segments: dict[str, int] = field(default_factory=dict)


def dumped(facts: LeadFacts) -> str:
    """Compact JSON: the item should stay within one write unit (1 KB)."""
    document = {
        "l": facts.last,
        "s": facts.seen,
        "m": {key: [matches.first, *matches.latest] for key, matches in sorted(facts.matches.items())},
        "a": sorted(facts.added),
        "b": facts.robots,
        "g": dict(sorted(facts.segments.items())),
    }
    return json.dumps({name: value for name, value in document.items() if value}, separators=(",", ":"))


def loaded(text: str) -> LeadFacts:
    stored: dict[str, Any] = json.loads(text)
    return LeadFacts(
        last=stored.get("l", ""),
        seen=stored.get("s", 0),
        matches={key: Matches(first, latest) for key, (first, *latest) in stored.get("m", {}).items()},
        added=frozenset(stored.get("a", ())),
        robots=tuple(stored.get("b", ())),
        segments=dict(stored.get("g", {})),
    )


@dataclass(frozen=True)
class StoredFacts:
    """The part of a SCORE item that says to which segments the lead belongs; absent while there are no segments.

    `segments_version`: of the definitions under which it was decided. `due_minute`: of its pending due entry.
    """

    facts_json: str | None = None
    segments_version: int = 0
    due_minute: int | None = None

    @property
    def facts(self) -> LeadFacts:
        return loaded(self.facts_json or "{}")
