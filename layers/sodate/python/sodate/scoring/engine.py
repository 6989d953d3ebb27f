"""The scoring engine: a pure fold over one lead's activity log and the time between activities.

Activities are applied in log order (time, then key). `Late` rejects an activity out of that order: the caller must
replay the log from its beginning, which gives the same result for any caller, any number of times (docs/scoring.md).
"""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime

from sodate.activities.activity import NOT_BY_THE_LEAD, Activity
from sodate.conditions.evaluate import About, evaluate, matcher, on_profile
from sodate.conditions.language import (
    ActivityTest,
    AttributeTest,
    Condition,
    Inactive,
    Not,
    RankTest,
    ScoreTest,
    Test,
    parts,
    tests,
)
from sodate.leads.lead import Profile, Totals
from sodate.scoring.counting import DAY, Counting
from sodate.scoring.rules import RuleSet
from sodate.scoring.score_state import RuleState, ScoreState, Stage
from sodate.scoring.view import Line, View, behaviour_of, reader_of, total_of

#: Activity types for manual score corrections and for verdicts on other activities (robot or human).
ADJUSTED, JUDGED = "score_adjusted", "activity_judged"
_STAGES: dict[str, Stage] = {
    "sales_accepted": "sql", "meeting_set": "sql", "sales_rejected": "rejected", "deal_won": "customer",
    "deal_lost": "lost",
}  # fmt: skip
_STAFF_TYPES = frozenset({*_STAGES, ADJUSTED, JUDGED})
_BEFORE_SALES = ("lead", "rejected", "lost")
_ATTRIBUTE_TESTS = 1000
_LETTERS = "ABC"


class Late(Exception):
    """The activity belongs before one that is already applied: replay the whole log."""


Recorder = Callable[[int, Activity], None]


class ScoringEngine:
    """A rule set, indexed for evaluation. Build it once per version and process; it keeps no data of any lead."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._counting = {
            number: Counting(number, rule, rule.when, rules)
            for number, rule in enumerate(rules.rules)
            if isinstance(rule.when, ActivityTest)
        }
        self._attribute_rules = [number for number in range(len(rules.rules)) if number not in self._counting]
        self._group_caps = {group.id: group.max_points for group in rules.groups}
        self._conditions: list[Condition] = [
            condition
            for condition in (rules.hot.needs, *(c for p in rules.phases for c in (p.when, p.falls_back_when)))
            if condition is not None
        ]
        predicates = [test for condition in self._conditions for test in tests(condition)]
        self._activity_tests = list(dict.fromkeys(test for test in predicates if isinstance(test, ActivityTest)))
        self._attribute_tests = list(dict.fromkeys(test for test in predicates if isinstance(test, AttributeTest)))
        self._score_tests = list(dict.fromkeys(test for test in predicates if isinstance(test, ScoreTest)))
        self._numbers: dict[Test, int] = {
            **{test: number for number, test in enumerate(self._activity_tests)},
            **{test: _ATTRIBUTE_TESTS + number for number, test in enumerate(self._attribute_tests)},
        }
        self._inactive_days = [test.inactive_for_days for test in predicates if isinstance(test, Inactive)]
        self._by_type = self._index()
        self._needs_seen = bool(self._inactive_days) or any(one.absence is not None for one in self._counting.values())
        self._fades = any(one.half_life is not None for one in self._counting.values())
        self._phases_change_by_time = any(phase.falls_back_when is not None for phase in rules.phases) or any(
            _may_become_true(condition) for condition in self._conditions
        )
        self._plain_totals = not self._group_caps
        self._no_bounds = rules.floor is None and rules.ceiling is None

    def _index(self) -> dict[str, list[tuple[Callable[[About], bool] | None, Counting | None, int]]]:
        index: dict[str, list[tuple[Callable[[About], bool] | None, Counting | None, int]]] = {}
        for number, one in self._counting.items():
            index.setdefault(one.activity, []).append((one.matches, one, number))
        for number, test in enumerate(self._activity_tests):
            index.setdefault(test.activity, []).append((matcher(test), None, number))
        return index

    # -- the log ------------------------------------------------------------------------------------------------------
    def matters(self, activity: Activity) -> bool:
        """Whether the activity can change a score; one that cannot is not recorded in the score state."""
        type_ = activity.type
        return type_ in self._by_type or type_ in _STAFF_TYPES or self._needs_seen

    def add(self, score_state: ScoreState, activity: Activity, recorder: Recorder | None = None) -> None:
        """Apply one activity to `score_state`, in place.

        Raises: `Late` when it is not newer than every applied activity, or changes earlier ones.
        """
        last, minute = activity.position, activity.minute
        is_late = last <= score_state.last or minute < score_state.now
        if is_late or activity.type == JUDGED or activity.key in score_state.robots:
            raise Late
        self._add(score_state, activity, minute, recorder)
        score_state.last = last

    def _add(self, score_state: ScoreState, activity: Activity, minute: int, recorder: Recorder | None) -> None:
        if minute > score_state.now:
            if self._may_change_by_time(score_state):
                self.settle(score_state, minute)
            score_state.now = minute
        type_ = activity.type
        changed = self._count_activity(score_state, activity, minute, recorder)
        if type_ not in NOT_BY_THE_LEAD:
            score_state.seen = minute
        elif type_ in _STAFF_TYPES:
            self._apply_staff_activity(score_state, activity, minute)
            changed = True
        if changed or self._phases_change_by_time:
            self._classify(score_state, minute, type_)

    def _count_activity(
        self, score_state: ScoreState, activity: Activity, minute: int, recorder: Recorder | None
    ) -> bool:
        """Whether any rule or predicate counted the activity."""
        changed = False
        for matches, rule, number in self._by_type.get(activity.type, ()):
            if matches is not None and not matches(activity.about):
                continue
            if rule is None:
                self._met(score_state, number, minute)
                changed = True
                continue
            rule_state = score_state.rule_states.get(number)
            if rule_state is None:
                rule_state = score_state.rule_states[number] = RuleState(at=minute)
            if rule.count(rule_state, minute, score_state.seen):
                changed = True
                if recorder is not None:
                    recorder(number, activity)
        return changed

    def _met(self, score_state: ScoreState, number: int, minute: int) -> None:
        """Count a match of an activity predicate. Keep only as many of the latest minutes as the predicate asks for."""
        minutes = score_state.met.setdefault(number, [0])
        minutes[0] += 1
        minutes.append(minute)
        del minutes[1 : len(minutes) - self._activity_tests[number].times]

    @staticmethod
    def _apply_staff_activity(score_state: ScoreState, activity: Activity, minute: int) -> None:
        if activity.type == ADJUSTED:
            points = int(activity.about.get("points", 0))
            score_state.adjusted_plus += max(points, 0)
            score_state.adjusted_minus += min(points, 0)
        elif activity.type in _STAGES:
            score_state.stage, score_state.stage_since = _STAGES[activity.type], minute

    def replay(
        self, profile: Profile, log: Iterable[Activity], now: datetime, recorder: Recorder | None = None
    ) -> ScoreState:
        """Apply the whole log from its beginning. The last verdict on an activity decides whether it counts."""
        ordered = self._ordered(log)
        verdicts = {str(a.about.get("of")): a.about.get("verdict") for a in ordered if a.type == JUDGED}
        robots = {key for key, verdict in verdicts.items() if verdict == "robot"}
        counting = [activity for activity in ordered if activity.key not in robots]
        began = int(datetime.fromisoformat(profile.created).timestamp()) // 60 if profile.created else 0
        if counting:
            began = min(began or sys.maxsize, counting[0].minute)
        pending = tuple(sorted(robots - {activity.key for activity in ordered}))
        score_state = ScoreState(now=began, matching_attributes=self.attributes(profile), robots=pending)
        self._classify(score_state, began, "profile")
        for activity in counting:
            self._add(score_state, activity, activity.minute, recorder)
        if ordered:  # an ignored activity is applied too: its repeat must raise `Late`
            score_state.last = ordered[-1].position
        self.settle(score_state, int(now.timestamp()) // 60)
        return score_state

    def _ordered(self, log: Iterable[Activity]) -> list[Activity]:
        """The activities that matter, deduplicated, in log order."""
        return sorted({(a.at, a.key): a for a in log if self.matters(a)}.values(), key=_order)

    # -- the profile --------------------------------------------------------------------------------------------------
    def attributes(self, profile: Profile) -> frozenset[int]:
        def holds(test: Test) -> bool:
            return isinstance(test, AttributeTest) and on_profile(test, profile)

        rules = {number for number in self._attribute_rules if evaluate(self.rules.rules[number].when, holds)}
        return frozenset(rules | {self._numbers[test] for test in self._attribute_tests if holds(test)})

    # -- time ---------------------------------------------------------------------------------------------------------
    def settle(self, score_state: ScoreState, minute: int) -> None:
        """Advance time to `minute` (minutes since 1970) and apply every transition on the way."""
        if minute <= score_state.now:
            return
        if self._phases_change_by_time:
            if self._predicate_results(score_state, score_state.now) == self._predicate_results(score_state, minute):
                score_state.now = minute  # no predicate changed, and none can change twice
                return
            while (transition := self.next_transition(score_state)) is not None and transition <= minute:
                score_state.now = transition
                self._classify(score_state, transition, "time")
        elif self._may_change_by_time(score_state):
            self._classify(score_state, minute, "time")
        score_state.now = minute

    def _may_change_by_time(self, score_state: ScoreState) -> bool:
        """If time cannot change phases, only a hot or engaged lead with decaying points can change class."""
        return self._phases_change_by_time or (self._fades and (score_state.hot or score_state.rank[1] != "3"))

    def _predicate_results(self, score_state: ScoreState, minute: int) -> tuple[object, ...]:
        view = self.view(score_state, minute)
        predicates = _Predicates(self, score_state, minute, "")
        within = [predicates.holds(test) for test in self._activity_tests if test.within_days is not None]
        inactive = [minute - score_state.seen >= days * DAY for days in self._inactive_days]
        return (*[total(view) >= bound for total, bound in self._bounds(score_state)], *within, *inactive)

    def next_transition(self, score_state: ScoreState) -> int | None:
        """The first minute after `memory.now` at which the class changes by time alone; None: never."""
        if not self._may_change_by_time(score_state):
            return None
        at = score_state.now
        is_now = self.class_of(score_state, at)
        for minute in sorted(self._transition_candidates(score_state, at)):
            if minute > at and self.class_of(score_state, minute) != is_now:
                return minute
        return None

    def _transition_candidates(self, score_state: ScoreState, at: int) -> set[int]:
        """Every minute at which a predicate may change. Each changes at most once, because totals only fall."""
        candidates = {score_state.seen + days * DAY for days in self._inactive_days} if score_state.seen else set()
        for number, test in enumerate(self._activity_tests):
            minutes = score_state.met.get(number)
            if minutes and test.within_days is not None and len(minutes) > test.times:
                candidates.add(minutes[-test.times] + test.within_days * DAY)
        for total, bound in self._bounds(score_state):
            minute = self._falls_below(score_state, total, bound, at)
            if minute is not None:
                candidates.add(minute)
        return candidates

    def _bounds(self, score_state: ScoreState) -> list[tuple[Callable[[View], int], float]]:
        cuts = self.rules.rank.engagement
        bounds: list[tuple[Callable[[View], int], float]] = [
            (behaviour_of, float(cuts.best)),
            (behaviour_of, float(cuts.middle)),
        ]
        if score_state.hot:
            bounds.append((total_of, float(self.rules.hot.cool_below)))
        for test in self._score_tests:
            bounds += [(reader_of(test), bound) for bound in (test.at_least, test.less_than) if bound is not None]
        return bounds

    def _falls_below(self, score_state: ScoreState, total: Callable[[View], int], bound: float, at: int) -> int | None:
        if total(self.view(score_state, at)) < bound:
            return None
        empty_at = max(
            (
                self._counting[number].gone_after(rule_state, at)
                for number, rule_state in score_state.rule_states.items()
            ),
            default=at,
        )
        if total(self.view(score_state, empty_at)) >= bound:
            return None
        low, high = at, empty_at
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if total(self.view(score_state, middle)) < bound else (middle, high)
        return high

    def holds(self, condition: Condition, score_state: ScoreState) -> bool:
        """Whether one of the rule set's own conditions holds for that lead now."""
        return evaluate(condition, _Predicates(self, score_state, score_state.now, score_state.rank).holds)

    def half_life(self, number: int) -> float | None:
        """In minutes; None for a rule whose points do not decay."""
        rule = self._counting.get(number)
        return rule.half_life if rule is not None else None

    # -- totals -------------------------------------------------------------------------------------------------------
    def view(self, score_state: ScoreState, minute: int) -> View:
        lines = self._lines(score_state, minute)
        overall, categories = [0, 0, 0, 0], dict[str, list[int]]()
        for line in lines:
            rule = self.rules.rules[line.rule]
            kind = (2 if line.rule in self._counting else 0) + (rule.points < 0)
            overall[kind] += line.points
            if rule.category is not None:
                categories.setdefault(rule.category, [0, 0, 0, 0])[kind] += line.points
        overall[2] += score_state.adjusted_plus
        overall[3] += score_state.adjusted_minus
        return View(
            tuple(lines),
            {name: Totals(*values) for name, values in categories.items()},
            Totals(*overall),
            self._within(sum(overall)),
        )

    def _lines(self, score_state: ScoreState, minute: int) -> list[Line]:
        left = dict(self._group_caps)
        lines = []
        for number in sorted(
            [*(n for n in score_state.matching_attributes if n < _ATTRIBUTE_TESTS), *score_state.rule_states]
        ):
            rule, rule_state = self.rules.rules[number], score_state.rule_states.get(number)
            points = self._counting[number].worth(rule_state, minute) if rule_state is not None else rule.points
            given = points
            if rule.group is not None:
                given = max(-left[rule.group], min(points, left[rule.group]))
                left[rule.group] -= abs(given)
            if points or rule_state is None or rule_state.times:
                lines.append(Line(number, given, points, rule_state.times if rule_state is not None else 1))
        return lines

    def _within(self, total: int) -> int:
        floor, ceiling = self.rules.floor, self.rules.ceiling
        if floor is not None and total < floor:
            return floor
        return ceiling if ceiling is not None and total > ceiling else total

    def _sums(self, score_state: ScoreState, minute: int) -> tuple[int, int]:
        """Attribute and behaviour totals, as `view` gives them, without building its lines (hot path)."""
        if not self._plain_totals:
            overall = self.view(score_state, minute).overall
            return overall.attribute_plus + overall.attribute_minus, overall.behaviour_plus + overall.behaviour_minus
        rules, counting = self.rules.rules, self._counting
        fit = sum([rules[number].points for number in score_state.matching_attributes if number < _ATTRIBUTE_TESTS])
        behaviour = score_state.adjusted_plus + score_state.adjusted_minus
        for number, rule_state in score_state.rule_states.items():
            behaviour += counting[number].worth(rule_state, minute)
        return fit, behaviour

    # -- classes ------------------------------------------------------------------------------------------------------
    def class_of(self, score_state: ScoreState, minute: int) -> tuple[bool, str, int]:
        """Hot or not, rank, and the number of the phase."""
        fit, behaviour = self._sums(score_state, minute)
        rank = _LETTERS[self.rules.rank.fit.class_of(fit)] + "123"[self.rules.rank.engagement.class_of(behaviour)]
        total = fit + behaviour if self._no_bounds else self._within(fit + behaviour)
        predicates = _Predicates(self, score_state, minute, rank, total)
        return self._is_hot(score_state, total, predicates), rank, self._phase(score_state, predicates)

    def _is_hot(self, score_state: ScoreState, total: int, predicates: "_Predicates") -> bool:
        hot = self.rules.hot
        if score_state.hot:
            return total >= hot.cool_below
        return total >= hot.threshold and (hot.needs is None or evaluate(hot.needs, predicates.holds))

    def _phase(self, score_state: ScoreState, predicates: "_Predicates") -> int:
        phases, now = self.rules.phases, score_state.phase
        for number in range(len(phases) - 1, now, -1):
            if self._enters(number, predicates):
                return number
        back = phases[now].falls_back_when
        if back is not None and evaluate(back, predicates.holds):
            return next((number for number in range(now - 1, 0, -1) if self._enters(number, predicates)), 0)
        return now

    def _enters(self, number: int, predicates: "_Predicates") -> bool:
        """A lead that would fall back at once does not enter."""
        phase = self.rules.phases[number]
        if phase.when is None or not evaluate(phase.when, predicates.holds):
            return False
        return phase.falls_back_when is None or not evaluate(phase.falls_back_when, predicates.holds)

    def _classify(self, score_state: ScoreState, minute: int, why: str) -> None:
        hot, score_state.rank, phase = self.class_of(score_state, minute)
        if hot and not score_state.hot:
            score_state.rises.append(minute)
            if score_state.stage in _BEFORE_SALES:
                score_state.stage, score_state.stage_since = "mql", minute
        score_state.hot = hot
        if phase != score_state.phase:
            score_state.enter(phase, minute, why)


class _Predicates:
    """Evaluates the predicates of a rule set's own conditions for one lead at one minute."""

    __slots__ = ("_engine", "_minute", "_rank", "_score_state", "_total", "_view")

    def __init__(
        self, engine: ScoringEngine, score_state: ScoreState, minute: int, rank: str, total: int | None = None
    ) -> None:
        self._engine, self._score_state, self._minute, self._rank, self._total = (
            engine,
            score_state,
            minute,
            rank,
            total,
        )
        self._view: View | None = None

    def holds(self, test: Test) -> bool:
        score_state = self._score_state
        if isinstance(test, ScoreTest):
            if self._total is not None and test.score == "total" and test.category is None:
                return test.includes(self._total)
            if self._view is None:
                self._view = self._engine.view(score_state, self._minute)
            return test.includes(reader_of(test)(self._view))
        if isinstance(test, ActivityTest):
            minutes = score_state.met.get(self._engine._numbers[test])
            if minutes is None or minutes[0] < test.times:
                return False
            return test.within_days is None or self._minute - minutes[-test.times] < test.within_days * DAY
        if isinstance(test, AttributeTest):
            return self._engine._numbers[test] in score_state.matching_attributes
        if isinstance(test, Inactive):
            return bool(score_state.seen) and self._minute - score_state.seen >= test.inactive_for_days * DAY
        return isinstance(test, RankTest) and self._rank in test.rank


def _order(activity: Activity) -> tuple[int, str]:
    """The order of the log's sort keys: milliseconds, then key."""
    return int(activity.at.timestamp() * 1000), activity.key


def _may_become_true(condition: Condition) -> bool:
    """Whether time alone can make the condition true. Totals only fall, and inactivity only grows."""
    for test in tests(condition):
        if isinstance(test, Inactive | RankTest) or (isinstance(test, ScoreTest) and test.less_than is not None):
            return True
    return _has_not(condition)


def _has_not(condition: Condition) -> bool:
    return isinstance(condition, Not) or any(_has_not(part) for _, part in parts(condition))
