"""What one activity adds to a score state: rule counters, matches of predicates, corrections, lifecycle stage."""

from collections.abc import Callable

from sodate.activities.activity import Activity
from sodate.activities.catalog import ActivityType, is_engagement
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.score_state import FUNNEL, RuleState, ScoreState

#: Plain text, because activities are read as they are stored.
_STAGES = {type_.value: type_.leads_to for type_ in ActivityType if type_.leads_to is not None}
#: Written by sales or operators: a correction of points, a verdict on another activity, or another lifecycle stage.
_STAFF_TYPES = frozenset({ActivityType.SCORE_ADJUSTED.value, ActivityType.ACTIVITY_JUDGED.value, *_STAGES})

#: Place in the funnel to which an activity moves the lead, by type.
_REACHES = {
    ActivityType.SALES_ACCEPTED.value: FUNNEL.index("sql"),
    ActivityType.MEETING_SET.value: FUNNEL.index("deal"),
    ActivityType.DEAL_OPENED.value: FUNNEL.index("deal"),
    ActivityType.DEAL_WON.value: FUNNEL.index("won"),
}

#: Called with the number of each rule that counted an activity.
Recorder = Callable[[int, Activity], None]


class Accumulator:
    """Adds activities to score states. Points and counters only: classes are the classifier's."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._rules_by_type = compiled.rules_by_type
        self._predicates_by_type = compiled.predicates_by_type
        self._every_type_matters = compiled.asks_for_last_activity()
        # A set meeting is engagement, which the state of every lead records, whatever the rules say.
        always = {*_STAFF_TYPES, ActivityType.MEETING_SET.value}
        self._types = frozenset({*compiled.rules_by_type, *compiled.predicates_by_type, *always})

    def matters(self, activity: Activity) -> bool:
        """Whether the activity can change a score."""
        return self._every_type_matters or activity.type in self._types

    def add(self, score_state: ScoreState, activity: Activity, minute: int, recorder: Recorder | None) -> bool:
        """Add one activity to `score_state`, in place. Returns whether anything but the time of it was recorded."""
        changed = self._count(score_state, activity, minute, recorder)
        type_ = activity.type
        if type_ in _REACHES:
            score_state.reach(_REACHES[type_], minute)
        if is_engagement(type_, activity.about):
            score_state.seen = minute
        elif type_ in _STAFF_TYPES:
            _apply_staff_activity(score_state, activity, minute)
            return True
        return changed

    def _count(self, score_state: ScoreState, activity: Activity, minute: int, recorder: Recorder | None) -> bool:
        changed = False
        for rule in self._rules_by_type.get(activity.type, ()):
            if rule.matches is not None and not rule.matches(activity.about):
                continue
            rule_state = score_state.rule_states.get(rule.number)
            if rule_state is None:
                rule_state = score_state.rule_states[rule.number] = RuleState(at=minute)
            if rule.count(rule_state, minute, score_state.seen):
                changed = True
                if recorder is not None:
                    recorder(rule.number, activity)
        for number, times, matches in self._predicates_by_type.get(activity.type, ()):
            if matches is None or matches(activity.about):
                minutes = score_state.predicate_matches.setdefault(number, [])
                minutes.append(minute)
                del minutes[:-times]
                changed = True
        return changed


def _apply_staff_activity(score_state: ScoreState, activity: Activity, minute: int) -> None:
    if activity.type == ActivityType.SCORE_ADJUSTED:
        points = int(activity.about.get("points", 0))
        score_state.adjusted_plus += max(points, 0)
        score_state.adjusted_minus += min(points, 0)
    elif activity.type in _STAGES:
        score_state.stage, score_state.stage_since = _STAGES[activity.type], minute
