"""A rule set, compiled: behaviour rules and predicates indexed by activity type. Holds no data of any lead.

A rule is known by its position in the rule set, a predicate by its position among the predicates of its kind. Both
numbers are part of the stored score state, so a state is continued only under the version of the rules that wrote it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from sodate.conditions.evaluate import About, evaluate, matcher, on_profile
from sodate.conditions.language import ActivityTest, AttributeTest, Condition, Inactive, ScoreTest, Test, tests
from sodate.leads.lead import Profile
from sodate.scoring.behaviour_rule import BehaviourRule
from sodate.scoring.rules import RuleSet

_Predicate = TypeVar("_Predicate", ActivityTest, AttributeTest, ScoreTest)


class ActivityPredicate(NamedTuple):
    """An activity predicate. `matches` is None when every activity of the type matches."""

    number: int
    times: int
    matches: Callable[[About], bool] | None


class CompiledRules:
    """A rule set, indexed for evaluation. Build it once per version and process.

    `conditions`: the rule set's own conditions (of phases, and `hot.needs`), whose predicates are indexed here too.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.behaviour = {
            number: BehaviourRule(number, rule, rule.when, rules)
            for number, rule in enumerate(rules.rules)
            if isinstance(rule.when, ActivityTest)
        }
        self.attribute_rules = {
            number: rule.when for number, rule in enumerate(rules.rules) if number not in self.behaviour
        }
        self.group_caps = {group.id: group.max_points for group in rules.groups}
        self.conditions = _conditions(rules)
        predicates = [test for condition in self.conditions for test in tests(condition)]
        self.activity_predicates = {test: n for n, test in enumerate(_distinct(predicates, ActivityTest))}
        self.attribute_predicates = {test: n for n, test in enumerate(_distinct(predicates, AttributeTest))}
        self.score_predicates = _distinct(predicates, ScoreTest)
        self.inactive_days = [test.inactive_for_days for test in predicates if isinstance(test, Inactive)]
        self.rules_by_type: dict[str, list[BehaviourRule]] = {}
        for rule in self.behaviour.values():
            self.rules_by_type.setdefault(rule.activity, []).append(rule)
        self.predicates_by_type: dict[str, list[ActivityPredicate]] = {}
        for test, number in self.activity_predicates.items():
            predicate = ActivityPredicate(number, test.times, matcher(test))
            self.predicates_by_type.setdefault(test.activity.value, []).append(predicate)

    def asks_for_last_activity(self) -> bool:
        """Whether the time of the lead's last activity, of any type, can change a score."""
        return bool(self.inactive_days) or any(rule.absence is not None for rule in self.behaviour.values())

    def matching_rules(self, profile: Profile) -> frozenset[int]:
        """Numbers of the attribute rules that the profile matches."""

        def holds(test: Test) -> bool:
            return isinstance(test, AttributeTest) and on_profile(test, profile)

        return frozenset(number for number, when in self.attribute_rules.items() if evaluate(when, holds))

    def matching_predicates(self, profile: Profile) -> frozenset[int]:
        """Numbers of the attribute predicates that the profile matches."""
        return frozenset(number for test, number in self.attribute_predicates.items() if on_profile(test, profile))

    def half_life(self, number: int) -> float | None:
        """Half-life of a rule's points in minutes; None for a rule whose points do not decay."""
        rule = self.behaviour.get(number)
        return rule.half_life if rule is not None else None


def _conditions(rules: RuleSet) -> list[Condition]:
    of_phases = [condition for phase in rules.phases for condition in (phase.when, phase.falls_back_when)]
    return [condition for condition in (rules.hot.needs, *of_phases) if condition is not None]


def _distinct(predicates: list[Test], kind: type[_Predicate]) -> list[_Predicate]:
    """The predicates of one kind, each once, in reading order."""
    return list(dict.fromkeys(test for test in predicates if isinstance(test, kind)))
