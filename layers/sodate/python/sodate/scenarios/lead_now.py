"""What the engine may ask about one lead (`advance.Lead`), read from the table on first use.

Activities are read from the log itself, not from the kept facts: a branch may ask for any predicate, also under an
older version of the scenario, and the log has an event before the facts do. Score and membership are as stored unless
the stored ones are behind the log (a late stream, a back-fill that goes on): then they too are computed from the log.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import activities_after, activities_of
from sodate.activities.verdict import by_people
from sodate.conditions.evaluate import evaluate
from sodate.conditions.language import ActivityTest, Condition, Inactive, Test
from sodate.facts.evaluation import LeadView, Sources
from sodate.facts.fold import FactFold
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
from sodate.segments.membership_update import live_segments, members_now


@dataclass(frozen=True)
class Key:
    """Of an enrollment: name and value of the activity attribute; None: the scenario has none."""

    key: tuple[str, str] | None


@dataclass(frozen=True)
class LeadItems:
    """What is stored about the lead, each read on first use. `now`: of the evaluation."""

    lead_id: str
    definitions: Definitions
    now: datetime

    @cached_property
    def profile(self) -> Profile:
        """Raises: `NotFound`."""
        return load_profile(self.lead_id)

    @cached_property
    def snapshot(self) -> ScoreSnapshot:
        return load_snapshot(self.lead_id)

    @cached_property
    def rules(self) -> Rules:
        """Those of the lead's stored score, or the live ones."""
        version = self.snapshot.rules_version
        return rules_of(self.definitions, version) if version else live_rules(self.definitions)

    @cached_property
    def score(self) -> LeadScore:
        is_current = self.snapshot.rules_version and not self.is_behind
        state = self.snapshot.score_state if is_current else replayed(self.lead_id, self.rules, self.now)
        return LeadScore(self.rules.engine, state)

    @cached_property
    def segments(self) -> Collection[str]:
        """The segments that the lead is in."""
        stored, live = self.snapshot.facts, live_segments(self.definitions)
        if live is None or not self.is_behind:
            return stored.facts.segments
        return members_now(self.lead_id, live, self.score, stored, self.now)

    @cached_property
    def is_behind(self) -> bool:
        """Whether the log has an activity, or the playbook segments, that score and membership do not know yet.

        An activity that is older than the newest that they know is not seen. Raises: `Invalid`, as `activities_of`.
        """
        facts, live = self.snapshot.facts, live_segments(self.definitions)
        if live is not None and facts.segments_version < live.version:
            return True
        known = max(self.snapshot.score_state.last, facts.facts.last)
        newer = (
            one
            for one in activities_after(self.lead_id, known)
            if self.rules.engine.matters(one) or (live is not None and live.fold.matters(one))
        )
        return next(newer, None) is not None

    @property
    def was_behind(self) -> bool:
        """Whether an answer so far came from the log because what is stored was behind it."""
        return bool(self.__dict__.get("is_behind"))

    @cached_property
    def log(self) -> list[Activity]:
        return activities_of(self.lead_id)

    @cached_property
    def log_of_people(self) -> list[Activity]:
        """Without what a robot did, by the last verdict on it."""
        return by_people(self.log)


@dataclass(frozen=True)
class LeadNow:
    """`key`: of the enrollment. Several enrollments of a lead share the `items`, so each is read once."""

    state: ContactState
    program: Program
    items: LeadItems
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
        return self.items.profile.attribute(path)

    def has_happened(self, trigger: Trigger, since: datetime, key: tuple[str, str] | None) -> bool:
        return any(one.at > since and matches(trigger, one, Key(key)) for one in self.items.log_of_people)

    def _answer(self, test: Test) -> bool:
        if isinstance(test, ActivityTest):
            log = self.items.log
            if test.same_key is not None and self.key is not None:
                log = [one for one in log if one.about.get(test.same_key) == self.key[1]]
            return self._view(_fold(test).replay(log)).holds(test)
        facts = _fold(test).replay(self.items.log) if isinstance(test, Inactive) else LeadFacts()
        return self._view(facts).holds(test)

    def _view(self, facts: LeadFacts) -> LeadView:
        items = self.items
        return LeadView(
            self.id,
            facts,
            _Members(items),
            int(items.now.timestamp()) // 60,
            Sources(lambda: items.profile, lambda: self.state, lambda: items.score),
            self.program.time_zone,
            self.program.calendar,
        )


@dataclass(frozen=True)
class _Members:
    """The segments that the lead is in; read when a condition asks."""

    items: LeadItems

    def __contains__(self, segment: object) -> bool:
        return segment in self.items.segments

    def __iter__(self) -> Any:
        return iter(self.items.segments)

    def __len__(self) -> int:
        return len(self.items.segments)


@lru_cache(maxsize=1024)
def _fold(test: ActivityTest | Inactive) -> FactFold:
    return FactFold([test])
