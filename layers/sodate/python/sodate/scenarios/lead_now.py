"""What the engine may ask about one lead (`advance.Lead`), read from the table on first use.

Activities are read from the log itself, not from the kept facts: a branch may ask for any predicate, also under an
older version of the scenario, and the log has an event before the facts do.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import activities_of
from sodate.conditions.evaluate import evaluate
from sodate.conditions.language import ActivityTest, Condition, Inactive, Test
from sodate.facts.evaluation import LeadView, Scored, Sources
from sodate.facts.fold import FactFold, robots_in
from sodate.facts.lead_facts import LeadFacts
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions
from sodate.scenarios.program import Program
from sodate.scenarios.triggers import Trigger, matches
from sodate.scoring.rescore import Rules, live_rules, replayed, rules_of
from sodate.scoring.scored import LeadScore
from sodate.scoring.store import ScoreSnapshot, load_snapshot


@dataclass(frozen=True)
class Key:
    """Of an enrollment: name and value of the activity attribute; None: the scenario has none."""

    key: tuple[str, str] | None


@dataclass(frozen=True)
class LeadNow:
    """`now`: of the evaluation."""

    state: ContactState
    program: Program
    definitions: Definitions
    now: datetime
    key: tuple[str, str] | None = None

    @property
    def id(self) -> str:
        return self.state.lead_id

    @property
    def time_zone(self) -> str | None:
        return self.state.zone

    def holds(self, condition: Condition) -> bool:
        return evaluate(condition, self._answer)

    def attribute(self, path: str) -> Any:
        return self.profile.attribute(path)

    def has_happened(self, trigger: Trigger, since: datetime, key: tuple[str, str] | None) -> bool:
        return any(one.at > since and matches(trigger, one, Key(key)) for one in self._by_people)

    @cached_property
    def profile(self) -> Profile:
        """Raises: `NotFound`."""
        return load_profile(self.id)

    @cached_property
    def snapshot(self) -> ScoreSnapshot:
        return load_snapshot(self.id)

    @cached_property
    def scored(self) -> LeadScore:
        """As last written; of a lead without a score, from its log."""
        rules = self.rules
        state = self.snapshot.score_state if self.snapshot.rules_version else replayed(self.id, rules, self.now)
        return LeadScore(rules.engine, state)

    @cached_property
    def rules(self) -> Rules:
        """Those of the lead's stored score, or the live ones."""
        version = self.snapshot.rules_version
        return rules_of(self.definitions, version) if version else live_rules(self.definitions)

    def _answer(self, test: Test) -> bool:
        if isinstance(test, ActivityTest):
            return self._view(_fold(test).replay(self._log_for(test))).holds(test)
        facts = _fold(test).replay(self._log) if isinstance(test, Inactive) else LeadFacts()
        return self._view(facts).holds(test)

    def _view(self, facts: LeadFacts) -> LeadView:
        return LeadView(
            self.id,
            facts,
            _Members(self),
            int(self.now.timestamp()) // 60,
            Sources(lambda: self.profile, lambda: self.state, self._scored),
            self.program.time_zone,
            self.program.calendar,
        )

    def _scored(self) -> Scored:
        return self.scored

    def _log_for(self, test: ActivityTest) -> list[Activity]:
        """With `same_key`: only what is about the value of the enrollment's key."""
        if test.same_key is None or self.key is None:
            return self._log
        return [one for one in self._log if one.about.get(test.same_key) == self.key[1]]

    @cached_property
    def _log(self) -> list[Activity]:
        return activities_of(self.id)

    @cached_property
    def _by_people(self) -> list[Activity]:
        robots = robots_in(self._log)
        return [one for one in self._log if one.key not in robots]


@dataclass(frozen=True)
class _Members:
    """The segments that the lead is in; read when a condition asks."""

    lead: LeadNow

    def __contains__(self, segment: object) -> bool:
        return segment in self.lead.snapshot.facts.facts.segments

    def __iter__(self) -> Any:
        return iter(self.lead.snapshot.facts.facts.segments)

    def __len__(self) -> int:
        return len(self.lead.snapshot.facts.facts.segments)


@lru_cache(maxsize=1024)
def _fold(test: ActivityTest | Inactive) -> FactFold:
    return FactFold([test])
