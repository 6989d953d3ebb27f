"""Classes of one lead at one minute: hot or not, rank (fit × engagement), phase. Pure, from a score state."""

from typing import NamedTuple

from sodate.activities.catalog import LifecycleStage
from sodate.conditions.language import Condition
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.predicates import Holds, Situation, compiled_condition
from sodate.scoring.rank import Rank
from sodate.scoring.score_state import FUNNEL, ScoreState
from sodate.scoring.view import clamped, sums_of

_BEFORE_SALES = (LifecycleStage.LEAD, LifecycleStage.REJECTED, LifecycleStage.LOST)
_MQL = FUNNEL.index("mql")
#: By fit class, then by engagement class; the best first.
_RANKS = ((Rank.A1, Rank.A2, Rank.A3), (Rank.B1, Rank.B2, Rank.B3), (Rank.C1, Rank.C2, Rank.C3))


class LeadClass(NamedTuple):
    """`phase` is the number of the phase in the rule set."""

    hot: bool
    rank: Rank
    phase: int


class Classifier:
    def __init__(self, compiled: CompiledRules) -> None:
        def prepared(condition: Condition | None) -> Holds | None:
            return None if condition is None else compiled_condition(condition, compiled)

        rules = compiled.rules
        self._compiled = compiled
        self._threshold, self._cool_below, self._needs = (
            rules.hot.threshold,
            rules.hot.cool_below,
            prepared(rules.hot.needs),
        )
        self._fit, self._engagement = rules.rank.fit, rules.rank.engagement
        self._is_clamped = rules.floor is not None or rules.ceiling is not None
        self._enters_when = [prepared(phase.when) for phase in rules.phases]
        self._falls_back_when = [prepared(phase.falls_back_when) for phase in rules.phases]

    def class_of(self, score_state: ScoreState, minute: int) -> LeadClass:
        situation = self._situation(score_state, minute)
        return LeadClass(self._is_hot(situation), situation.rank, self._phase(situation))

    def classify(self, score_state: ScoreState, minute: int, cause: str) -> None:
        """Set the classes of `score_state`. `cause`: an activity type, `time` or `profile`."""
        hot, score_state.rank, phase = self.class_of(score_state, minute)
        if hot and not score_state.hot:
            score_state.rises.append(minute)
            if score_state.stage in _BEFORE_SALES:
                score_state.stage, score_state.stage_since = LifecycleStage.MQL, minute
                score_state.reach(_MQL, minute)
        score_state.hot = hot
        if phase != score_state.phase:
            score_state.enter(phase, minute, cause)

    def holds(self, condition: Condition, score_state: ScoreState) -> bool:
        """Whether one of the rule set's own conditions holds at `score_state.now`."""
        return compiled_condition(condition, self._compiled)(self._situation(score_state, score_state.now))

    def _situation(self, score_state: ScoreState, minute: int) -> Situation:
        attributes, behaviour = sums_of(self._compiled, score_state, minute)
        rank = _RANKS[self._fit.class_of(attributes)][self._engagement.class_of(behaviour)]
        total = attributes + behaviour
        if self._is_clamped:
            total = clamped(self._compiled.rules, total)
        return Situation(self._compiled, score_state, minute, rank, total)

    def _is_hot(self, situation: Situation) -> bool:
        if situation.score_state.hot:
            return situation.total >= self._cool_below
        return situation.total >= self._threshold and (self._needs is None or self._needs(situation))

    def _phase(self, situation: Situation) -> int:
        now = situation.score_state.phase
        for number in range(len(self._enters_when) - 1, now, -1):
            if self._enters(number, situation):
                return number
        falls_back = self._falls_back_when[now]
        if falls_back is not None and falls_back(situation):
            return next((number for number in range(now - 1, 0, -1) if self._enters(number, situation)), 0)
        return now

    def _enters(self, number: int, situation: Situation) -> bool:
        """A lead that would fall back at once does not enter."""
        enters, falls_back = self._enters_when[number], self._falls_back_when[number]
        if enters is None or not enters(situation):
            return False
        return falls_back is None or not falls_back(situation)
