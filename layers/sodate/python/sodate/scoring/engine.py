"""The scoring engine: a pure fold over one lead's activity log and the time between activities.

Activities are applied in log order (time, then key). `Late` rejects an activity out of that order: the caller must
replay the log from its beginning, which gives the same result for any caller, any number of times (docs/scoring.md).

Four parts do the work: `compiled_rules` (the indexed rule set), `accumulator` (points and counters), `classifier` (hot,
rank, phase), `transitions` (the next minute at which time alone changes a class).
"""

import sys
from collections.abc import Iterable
from datetime import datetime

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType
from sodate.activities.verdict import is_by_person, robots_in, worth_folding
from sodate.errors import Invalid
from sodate.leads.lead import Profile
from sodate.messages import Message
from sodate.scoring.accumulator import Accumulator, Recorder
from sodate.scoring.classifier import Classifier, LeadClass
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.rules import RuleSet
from sodate.scoring.score_state import ScoreState, origin_of
from sodate.scoring.transitions import TransitionFinder
from sodate.scoring.view import View, view_of

#: A verdict on another activity (robot or human).
_JUDGED = ActivityType.ACTIVITY_JUDGED.value


class Late(Exception):
    """The activity belongs before one that is already applied: replay the whole log."""


class ScoringEngine:
    """Build it once per rules version and process; it keeps no data of any lead."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.compiled = CompiledRules(rules)
        self.classifier = Classifier(self.compiled)
        self._accumulator = Accumulator(self.compiled)
        self.transitions = TransitionFinder(self.compiled, self.classifier)

    def matters(self, activity: Activity) -> bool:
        """Whether the activity can change a score; one that cannot is not recorded in the score state.

        A robot's cannot.
        """
        return is_by_person(activity) and self._accumulator.matters(activity)

    def add(self, score_state: ScoreState, activity: Activity) -> None:
        """Apply one activity to `score_state`, in place.

        Raises: `Late` when it is not newer than every applied activity, or changes earlier ones.
        """
        position, minute = activity.position, activity.minute
        is_late = position <= score_state.last or minute < score_state.now
        if is_late or activity.type == _JUDGED or activity.key in score_state.robots:
            raise Late
        self._apply(score_state, activity, minute, None)
        score_state.last = position

    def replay(
        self, profile: Profile, log: Iterable[Activity], now: datetime, recorder: Recorder | None = None
    ) -> ScoreState:
        """Apply the whole log from its beginning. The last verdict on an activity decides whether it counts."""
        relevant = _in_log_order(activity for activity in log if self._accumulator.matters(activity))
        robots = robots_in(relevant)
        ordered = worth_folding(relevant, robots)
        counting = [activity for activity in ordered if activity.key not in robots]
        began = _created_minute(profile)
        if counting:
            began = min(began or sys.maxsize, counting[0].minute)
        score_state = ScoreState(
            now=began,
            matching_rules=self.compiled.matching_rules(profile),
            matching_predicates=self.compiled.matching_predicates(profile),
            robots=tuple(sorted(robots - {activity.key for activity in relevant})),
            reached=[began],
            origin=origin_of(profile.source),
        )
        self.classifier.classify(score_state, began, "profile")
        for activity in counting:
            self._apply(score_state, activity, activity.minute, recorder)
        if ordered:  # an ignored activity is applied too: its repeat must raise `Late`
            score_state.last = ordered[-1].position
        self.settle(score_state, int(now.timestamp()) // 60)
        return score_state

    def settle(self, score_state: ScoreState, minute: int) -> None:
        """Advance time to `minute` (minutes since 1970) and apply every transition on the way."""
        if minute <= score_state.now:
            return
        if self.transitions.phases_change_by_time:
            self._apply_transitions(score_state, minute)
        elif self.transitions.may_change_by_time(score_state):
            self.classifier.classify(score_state, minute, "time")
        score_state.now = minute

    def next_transition(self, score_state: ScoreState) -> int | None:
        """The first minute after `score_state.now` at which the class changes by time alone; None: never."""
        return self.transitions.next_transition(score_state)

    def class_of(self, score_state: ScoreState, minute: int) -> LeadClass:
        return self.classifier.class_of(score_state, minute)

    def view(self, score_state: ScoreState, minute: int) -> View:
        return view_of(self.compiled, score_state, minute)

    def _apply(self, score_state: ScoreState, activity: Activity, minute: int, recorder: Recorder | None) -> None:
        if minute > score_state.now:
            if self.transitions.may_change_by_time(score_state):
                self.settle(score_state, minute)
            score_state.now = minute
        changed = self._accumulator.add(score_state, activity, minute, recorder)
        if changed or self.transitions.phases_change_by_time:
            self.classifier.classify(score_state, minute, activity.type)

    def _apply_transitions(self, score_state: ScoreState, minute: int) -> None:
        if self.transitions.is_unchanged_until(score_state, minute):
            return
        while (transition := self.transitions.next_transition(score_state)) is not None and transition <= minute:
            score_state.now = transition
            self.classifier.classify(score_state, transition, "time")


def _in_log_order(activities: Iterable[Activity]) -> list[Activity]:
    """Each activity once, in the order of the log's sort keys: milliseconds, then key."""
    distinct = {(activity.at, activity.key): activity for activity in activities}
    return sorted(distinct.values(), key=lambda activity: (int(activity.at.timestamp() * 1000), activity.key))


def _created_minute(profile: Profile) -> int:
    """0: not known. Raises: `Invalid`, because one profile that cannot be read must not block a stream shard."""
    try:
        return int(datetime.fromisoformat(profile.created).timestamp()) // 60 if profile.created else 0
    except (TypeError, ValueError) as error:
        raise Invalid(
            Message("the profile of lead {lead_id} has no readable time of creation", lead_id=profile.lead_id), "item"
        ) from error
