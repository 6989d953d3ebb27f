"""What conditions and the engine may ask about a person (`advance.Lead`): the memory's answer to `lead_now`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.conditions.evaluate import evaluate
from sodate.conditions.language import ActivityTest, Condition, Test
from sodate.facts.evaluation import LeadView, Sources
from sodate.facts.fold import FactFold
from sodate.rehearsal.definitions import Rehearsed
from sodate.rehearsal.person import Person
from sodate.scenarios.program import Program
from sodate.scenarios.triggers import Trigger, matches
from sodate.scoring.scored import LeadScore


def view_of(person: Person, definitions: Rehearsed, now: datetime, zone: tuple[str, str]) -> LeadView:
    """`zone`: time zone and calendar of leads without one."""
    engine = definitions.engine

    def scored() -> LeadScore:
        if engine is None:
            raise LookupError("a condition asks for the score, and the playbook has no rules.yaml")
        return LeadScore(engine, person.score)

    sources = Sources(lambda: person.profile, lambda: person.state, scored)
    return LeadView(person.id, person.facts, person.facts.segments, int(now.timestamp()) // 60, sources, *zone)


@dataclass(frozen=True)
class _Key:
    key: tuple[str, str] | None


class PersonNow:
    """One person, as one program asks at one moment. `key`: of the enrollment."""

    def __init__(
        self, person: Person, definitions: Rehearsed, program: Program, now: datetime, key: tuple[str, str] | None
    ) -> None:
        self._person = person
        self._key = key
        self._view = view_of(person, definitions, now, (program.time_zone, program.calendar))

    @property
    def id(self) -> str:
        return self._person.id

    @property
    def time_zone(self) -> str | None:
        return self._person.state.zone

    def attribute(self, path: str) -> Any:
        return self._person.profile.attribute(path)

    def holds(self, condition: Condition) -> bool:
        return evaluate(condition, self._answer)

    def has_happened(self, trigger: Trigger, since: datetime, key: tuple[str, str] | None) -> bool:
        return any(matches(trigger, one, _Key(key)) for one in self._person.earlier(since))

    def _answer(self, test: Test) -> bool:
        if not isinstance(test, ActivityTest) or test.same_key is None or self._key is None:
            return self._view.holds(test)
        log = [one for one in self._person.log if one.about.get(test.same_key) == self._key[1]]
        view = self._view
        facts = FactFold([test]).replay(log)
        return LeadView(view.lead_id, facts, (), view.minute, view.sources, view.time_zone, view.country).holds(test)
