"""The fold of one lead's activity log into its facts. Pure.

Activities are applied in log order. `Late` rejects one out of that order; a replay of the log gives the same facts for
any order and any number of deliveries.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, is_engagement
from sodate.activities.verdict import is_by_person, robots_in, worth_folding
from sodate.conditions.evaluate import About, matcher
from sodate.conditions.language import ActivityTest, Condition, Inactive, tests
from sodate.facts.lead_facts import LeadFacts, Matches
from sodate.messages import Message

_JUDGED = ActivityType.ACTIVITY_JUDGED.value
_ADDED, _REMOVED = ActivityType.SEGMENT_ADDED.value, ActivityType.SEGMENT_REMOVED.value
#: Applied under every set of definitions.
_ALWAYS = frozenset({_JUDGED, _ADDED, _REMOVED})
#: Keys of a predicate that say how its matches are counted, not what it matches.
_COUNTING = frozenset({"times", "within_days", "first_within_days", "same_key"})


class Late(Exception):
    """The activity belongs before one that is already applied, or changes one: replay the whole log."""


class _Predicate(NamedTuple):
    key: str
    keep: int
    matches: Callable[[About], bool] | None


def predicate_key(test: ActivityTest) -> str:
    """Eight hex digits; equal for predicates that match the same activities."""
    text = test.model_dump_json(exclude=set(_COUNTING), exclude_none=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class FactFold:
    """Built once per set of live definitions; it has no data of any lead.

    Raises: `ValueError` when two different predicates have the same key (the playbook's check reports it).
    """

    def __init__(self, conditions: Iterable[Condition]) -> None:
        every = [test for condition in conditions for test in tests(condition)]
        by_key: dict[str, list[ActivityTest]] = {}
        for test in every:
            if isinstance(test, ActivityTest):
                by_key.setdefault(predicate_key(test), []).append(test)
        self._by_type: dict[str, list[_Predicate]] = {}
        for key, same in by_key.items():
            if len({test.model_dump_json(exclude=set(_COUNTING)) for test in same}) > 1:
                raise ValueError(
                    Message("two predicates have the same key {key}: change one of {same}", key=key, same=same)
                )
            predicate = _Predicate(key, max(test.times for test in same), matcher(same[0]))
            self._by_type.setdefault(same[0].activity.value, []).append(predicate)
        self._asks_for_last_activity = any(isinstance(test, Inactive) for test in every)

    def matters(self, activity: Activity) -> bool:
        """Whether the activity can change a fact; one that cannot is not recorded. A robot's cannot."""
        return is_by_person(activity) and self._is_asked_for(activity)

    def _is_asked_for(self, activity: Activity) -> bool:
        type_ = activity.type
        ends_inactivity = self._asks_for_last_activity and is_engagement(type_, activity.about)
        return ends_inactivity or type_ in self._by_type or type_ in _ALWAYS

    def add(self, facts: LeadFacts, activity: Activity) -> set[str]:
        """Apply one activity to `facts`, in place. Returns the keys of the predicates that it matches.

        Raises: `Late` when it is not newer than every applied activity, or changes earlier ones.
        """
        if activity.position <= facts.last or activity.type == _JUDGED or activity.key in facts.robots:
            raise Late
        return self._apply(facts, activity)

    def replay(self, log: Iterable[Activity]) -> LeadFacts:
        """The facts that the whole log gives. The last verdict on an activity decides whether it counts."""
        relevant = (activity for activity in log if self._is_asked_for(activity))
        ordered = [one for _, one in sorted({activity.position: activity for activity in relevant}.items())]
        robots = robots_in(ordered)
        facts = LeadFacts(robots=tuple(sorted(robots - {activity.key for activity in ordered})))
        for activity in worth_folding(ordered, robots):
            if activity.key in robots:
                facts.last = activity.position
            else:
                self._apply(facts, activity)
        return facts

    def _apply(self, facts: LeadFacts, activity: Activity) -> set[str]:
        minute, matched = activity.minute, set[str]()
        for key, keep, matches in self._by_type.get(activity.type, ()):
            if matches is None or matches(activity.about):
                matched.add(key)
                if (recorded := facts.matches.get(key)) is None:
                    facts.matches[key] = Matches(minute, [minute])
                else:
                    recorded.add(minute, keep)
        if activity.type in (_ADDED, _REMOVED):
            segment = {str(activity.about.get("segment"))}
            facts.added = facts.added | segment if activity.type == _ADDED else facts.added - segment
        if is_engagement(activity.type, activity.about):
            facts.seen = minute
        facts.last = activity.position
        return matched
