"""A rehearsal beside production: what people did in it, what it decided, and the same from production's items."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.activities.catalog import ActivityType
from sodate.rehearsal.person import Person
from sodate.rehearsal.rehearse import Rehearsal

_COMPARED = {
    ActivityType.SCENARIO_ENTERED, ActivityType.SCENARIO_ADVANCED, ActivityType.SCENARIO_ENDED,
    ActivityType.GOAL_REACHED, ActivityType.SEGMENT_ENTERED, ActivityType.SEGMENT_LEFT,
}  # fmt: skip
MINUTE = "%m-%d %H:%M"
#: person, minute, what.
Decision = tuple[str, str, str]


@dataclass(frozen=True)
class Deed:
    """What a person does, from outside."""

    at: datetime
    person: Person
    type: ActivityType
    about: dict[str, Any]


class Recorded(Rehearsal):
    """A rehearsal that keeps what people do and what is decided."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.deeds: list[Deed] = []
        self.decisions: list[Decision] = []
        self.attempts: dict[tuple[str, str], list[str]] = defaultdict(list)
        happen = self.setting.happen

        def and_keep(person: Person, type_: ActivityType, about: Any, at: datetime) -> None:
            if type_ in _COMPARED:
                self.decisions.append((person.id, _minute(at), _described(type_.value, about)))
            else:
                self.deeds.append(Deed(at, person, type_, dict(about)))
            happen(person, type_, about, at)

        self.setting.happen = and_keep
        self.setting.witness = self._witness

    @property
    def undecided(self) -> set[str]:
        """People of whom two emails met a cap in the same minute: production says nothing of their order."""
        return {person for (person, _), words in self.attempts.items() if len(words) > 1 and set(words) != {"send"}}

    def _witness(self, person: str, at: datetime, source: str, step: str, word: str) -> None:
        if word.partition(":")[0] in ("send", "skip", "defer"):
            self.attempts[person, _minute(at)].append(word)
        if word in ("send", "call due") or word.startswith("skip:"):
            self.decisions.append((person, _minute(at), f"{source} {step} {word}"))


def _minute(at: datetime) -> str:
    return at.strftime(MINUTE)


def _described(type_: str, about: dict[str, Any]) -> str:
    """Without versions: the world had the sample before."""
    reason = re.sub(r" v\d+", "", about.get("reason", ""))
    return f"{type_} {about.get('segment') or about['scenario'] + '#' + about.get('key', '')} {reason}"


def decisions_of(items: Iterable[dict[str, Any]], step_id: Callable[[str, int], str]) -> list[Decision]:
    """What production decided, from activities, ledger and call tasks. `step_id`: of a scenario's step by its index."""
    found = []
    for one in items:
        if one["kind"] == "activity" and one["type"] in _COMPARED:
            at = datetime.fromisoformat(one["at"])
            found.append((_lead(one), _minute(at), _described(one["type"], one["about"])))
        elif one["kind"] == "send" and one["purpose"] == "marketing" and one["state"] != "planned":
            found.append(_decision(one, step_id))
        elif one["kind"] == "call":
            about, due = one["about"], datetime.fromisoformat(one["due"])
            found.append((_lead(one), _minute(due), f"{about['scenario']} {about['step']} call due"))
    return found


def _decision(send: dict[str, Any], step_id: Callable[[str, int], str]) -> Decision:
    is_skipped = send["state"] == "skipped"
    word = f"skip:{send['reason']}" if is_skipped else "send"
    at = datetime.fromisoformat(send["settled_at"] if is_skipped else send["sent_at"])
    source, step = send.get("broadcast", ""), ""
    if not source:
        source = send["sequence"].partition("#")[0]
        step = step_id(source, int(send["step"]))
    return _lead(send), _minute(at), f"{source} {step} {word}"


def _lead(item: dict[str, Any]) -> str:
    return str(item["pk"]).removeprefix("LEAD#")
