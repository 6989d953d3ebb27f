"""The rule set's own conditions (of phases, and `hot.needs`), compiled to functions of one lead at one minute. Pure."""

from collections.abc import Callable

from sodate.conditions.language import (
    ActivityTest,
    AllOf,
    AnyOf,
    AttributeTest,
    Condition,
    Inactive,
    Not,
    PhaseTest,
    RankTest,
    ScoreTest,
    Test,
    head_of,
)
from sodate.messages import Message
from sodate.scoring.behaviour_rule import DAY
from sodate.scoring.compiled_rules import CompiledRules
from sodate.scoring.rank import Rank
from sodate.scoring.score_state import ScoreState
from sodate.scoring.view import View, reader_of, view_of


class Situation:
    """One lead at one minute: what a predicate may ask for. The view is built when the first predicate needs it."""

    __slots__ = ("_compiled", "_view", "minute", "rank", "score_state", "total")

    def __init__(self, compiled: CompiledRules, score_state: ScoreState, minute: int, rank: Rank, total: int) -> None:
        self._compiled = compiled
        self._view: View | None = None
        self.score_state = score_state
        self.minute = minute
        self.rank = rank
        self.total = total

    @property
    def view(self) -> View:
        if self._view is None:
            self._view = view_of(self._compiled, self.score_state, self.minute)
        return self._view


Holds = Callable[[Situation], bool]


def compiled_condition(condition: Condition, compiled: CompiledRules) -> Holds:
    """A function that tells whether the condition holds.

    Raises: `ValueError` for a condition that asks for a phase; `RuleSet` refuses such a rule set.
    """
    match condition:
        case AllOf(all=parts):
            every = [compiled_condition(part, compiled) for part in parts]
            return lambda situation: all(holds(situation) for holds in every)
        case AnyOf(any=parts):
            some = [compiled_condition(part, compiled) for part in parts]
            return lambda situation: any(holds(situation) for holds in some)
        case Not(not_=part):
            negated = compiled_condition(part, compiled)
            return lambda situation: not negated(situation)
        case _:
            return _compiled_predicate(condition, compiled)


def _compiled_predicate(test: Test, compiled: CompiledRules) -> Holds:
    match test:
        case ScoreTest():
            return _score(test)
        case ActivityTest():
            number = compiled.activity_predicates[test]
            return lambda situation: has_matched(situation.score_state, test, number, situation.minute)
        case AttributeTest():
            number = compiled.attribute_predicates[test]
            return lambda situation: number in situation.score_state.matching_predicates
        case Inactive(inactive_for_days=days):
            return lambda situation: is_inactive(situation.score_state, days, situation.minute)
        case RankTest(rank=ranks):
            return lambda situation: situation.rank in ranks
        case PhaseTest():
            raise ValueError(Message("a rule set's conditions cannot ask for a phase"))
        case _:
            raise ValueError(Message("a rule set's conditions cannot ask for {head_of}", head_of=head_of(test)))


def _score(test: ScoreTest) -> Holds:
    if test.score == "total" and test.category is None:
        return lambda situation: test.includes(situation.total)
    read = reader_of(test)
    return lambda situation: test.includes(read(situation.view))


def has_matched(score_state: ScoreState, test: ActivityTest, number: int, minute: int) -> bool:
    """Whether enough activities have matched the predicate, within its days if it has a limit."""
    minutes = score_state.predicate_matches.get(number)
    if minutes is None or len(minutes) < test.times:
        return False
    return test.within_days is None or minute - minutes[-test.times] < test.within_days * DAY


def is_inactive(score_state: ScoreState, days: int, minute: int) -> bool:
    return bool(score_state.seen) and minute - score_state.seen >= days * DAY
