"""The next minute at which a lead's class changes by time alone. Pure.

Between two activities totals only fall and inactivity only grows, so each predicate changes at most once. The finder
collects the minutes at which a predicate changes and takes the first at which the class differs.
"""

from collections.abc import Callable

from sodate.conditions.language import Condition, Inactive, Not, RankTest, ScoreTest, parts, tests
from sodate.scoring.behaviour_rule import DAY
from sodate.scoring.classifier import Classifier
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.predicates import has_matched, is_inactive
from sodate.scoring.score_state import ScoreState
from sodate.scoring.view import View, behaviour_of, reader_of, total_of, view_of

#: A total of the view, and the value below which a class or predicate changes.
_Bound = tuple[Callable[[View], int], float]


class TransitionFinder:
    def __init__(self, compiled: CompiledRules, classifier: Classifier) -> None:
        self._compiled = compiled
        self._classifier = classifier
        self._decays = any(rule.half_life is not None for rule in compiled.behaviour.values())
        self._timed_predicates = [
            (test, number) for test, number in compiled.activity_predicates.items() if test.within_days is not None
        ]
        self._static_bounds = _static_bounds(compiled)
        #: Whether time alone can change a phase; if not, only decay can change a class.
        self.phases_change_by_time = any(phase.falls_back_when is not None for phase in compiled.rules.phases) or any(
            _may_become_true(condition) for condition in compiled.conditions
        )

    def may_change_by_time(self, score_state: ScoreState) -> bool:
        """If time cannot change phases, only a hot or engaged lead with decaying points can change class."""
        return self.phases_change_by_time or (self._decays and (score_state.hot or score_state.rank[1] != "3"))

    def is_unchanged_until(self, score_state: ScoreState, minute: int) -> bool:
        """Whether every predicate has the same result now and at `minute`. None can change twice in between."""
        return self._predicate_results(score_state, score_state.now) == self._predicate_results(score_state, minute)

    def next_transition(self, score_state: ScoreState) -> int | None:
        """The first minute after `score_state.now` at which the class changes by time alone; None: never."""
        if not self.may_change_by_time(score_state):
            return None
        now = score_state.now
        class_now = self._classifier.class_of(score_state, now)
        for minute in sorted(self._candidates(score_state, now)):
            if minute > now and self._classifier.class_of(score_state, minute) != class_now:
                return minute
        return None

    def next_change(self, score_state: ScoreState, test: ScoreTest, minute: int) -> int | None:
        """The first minute after `minute` at which decay takes the total below a bound of the predicate."""
        bounds = (bound for bound in (test.at_least, test.less_than) if bound is not None)
        falls = (self._falls_below(score_state, reader_of(test), bound, minute) for bound in bounds)
        return min((fall for fall in falls if fall is not None), default=None)

    def _predicate_results(self, score_state: ScoreState, minute: int) -> tuple[bool, ...]:
        view = view_of(self._compiled, score_state, minute)
        totals = [total(view) >= bound for total, bound in self._bounds(score_state)]
        matched = [has_matched(score_state, test, number, minute) for test, number in self._timed_predicates]
        inactive = [is_inactive(score_state, days, minute) for days in self._compiled.inactive_days]
        return (*totals, *matched, *inactive)

    def _candidates(self, score_state: ScoreState, now: int) -> set[int]:
        """Every minute at which a predicate may change."""
        seen = score_state.seen
        candidates = {seen + days * DAY for days in self._compiled.inactive_days} if seen else set()
        for test, number in self._timed_predicates:
            minutes = score_state.predicate_matches.get(number)
            if minutes and len(minutes) >= test.times:
                candidates.add(minutes[-test.times] + (test.within_days or 0) * DAY)
        for total, bound in self._bounds(score_state):
            minute = self._falls_below(score_state, total, bound, now)
            if minute is not None:
                candidates.add(minute)
        return candidates

    def _bounds(self, score_state: ScoreState) -> list[_Bound]:
        if not score_state.hot:
            return self._static_bounds
        return [*self._static_bounds, (total_of, float(self._compiled.rules.hot.cool_below))]

    def _falls_below(self, score_state: ScoreState, total: Callable[[View], int], bound: float, now: int) -> int | None:
        """The first minute at which decay takes the total below the bound; None: never, or it is below already."""

        def is_below(minute: int) -> bool:
            return total(view_of(self._compiled, score_state, minute)) < bound

        if is_below(now):
            return None
        rules = self._compiled.behaviour
        gone = [rules[number].gone_after(rule_state, now) for number, rule_state in score_state.rule_states.items()]
        low, high = now, max(gone, default=now)
        if not is_below(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if is_below(middle) else (middle, high)
        return high


def _static_bounds(compiled: CompiledRules) -> list[_Bound]:
    """Bounds that apply to every lead: of the engagement classes, and of the score predicates."""
    engagement = compiled.rules.rank.engagement
    bounds: list[_Bound] = [(behaviour_of, float(engagement.best)), (behaviour_of, float(engagement.middle))]
    for test in compiled.score_predicates:
        bounds += [(reader_of(test), bound) for bound in (test.at_least, test.less_than) if bound is not None]
    return bounds


def _may_become_true(condition: Condition) -> bool:
    """Whether time alone can make the condition true. Totals only fall, and inactivity only grows."""
    for test in tests(condition):
        if isinstance(test, Inactive | RankTest) or (isinstance(test, ScoreTest) and test.less_than is not None):
            return True
    return _has_not(condition)


def _has_not(condition: Condition) -> bool:
    return isinstance(condition, Not) or any(_has_not(part) for _, part in parts(condition))
