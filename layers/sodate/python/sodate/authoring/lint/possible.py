"""Whether a condition can hold for some lead at some moment, decided from its tree and the lead schema. Pure.

The search tries answers for one predicate after the other and drops a combination that no lead can give. It errs in one
direction only: a condition that is called impossible is impossible; of a few others that is not seen.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sodate.activities.catalog import ActivityType, LifecycleStage
from sodate.authoring.lead_fields import LeadField
from sodate.authoring.lint.possible_values import Literals, attribute_is_possible, representatives
from sodate.conditions.language import (
    ActivityTest,
    AllOf,
    AnyOf,
    AttributeTest,
    BlockedTest,
    BucketTest,
    Condition,
    ConsentTest,
    HolidayTest,
    Inactive,
    Not,
    PhaseTest,
    RankTest,
    ScoreTest,
    SegmentTest,
    StageTest,
    Test,
    WeekdayTest,
    parts,
)
from sodate.scoring.rank import Rank

#: Combinations that are tried before the question is left open.
MOST_TRIED = 2_000
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FILTERS = ("form", "template", "sequence", "product", "seminar", "outcome", "page", "event", "same_key")


@dataclass(frozen=True)
class Schema:
    """What leads can have. `phases`: None when the rules are not known."""

    fields: Mapping[str, LeadField]
    phases: frozenset[str] | None


class _TooMany(Exception):
    pass


def can_be(condition: Condition, wanted: bool, schema: Schema) -> bool:
    """False when the condition gives `wanted` for no lead; True also when that would take too long to find out."""
    try:
        return _Search(condition, wanted, schema).run()
    except _TooMany:
        return True


class _Search:
    def __init__(self, condition: Condition, wanted: bool, schema: Schema) -> None:
        self._condition, self._wanted, self._schema = condition, wanted, schema
        self._answers: dict[Test, bool] = {}
        self._tried = 0

    def run(self) -> bool:
        open_test = _value(self._condition, self._answers)
        if isinstance(open_test, bool):
            return open_test == self._wanted
        for answer in (True, False):
            self._tried += 1
            if self._tried > MOST_TRIED:
                raise _TooMany
            self._answers[open_test] = answer
            if self._is_possible(_subject(open_test)) and self.run():
                return True
            del self._answers[open_test]
        return False

    def _is_possible(self, subject: Hashable) -> bool:
        literals = [(test, answer) for test, answer in self._answers.items() if _subject(test) == subject]
        attributes = [(test, answer) for test, answer in literals if isinstance(test, AttributeTest)]
        if attributes:
            return attribute_is_possible(attributes, self._schema.fields.get(attributes[0][0].attribute))
        if isinstance(literals[0][0], ActivityTest | Inactive):
            return _behaviour_is_possible(literals)
        values = _values(literals, self._schema)
        return any(all(_holds(test, value) == answer for test, answer in literals) for value in values)


def _value(condition: Condition, answers: Mapping[Test, bool]) -> bool | Test:
    """The value of the tree as far as the answers decide it, or else a predicate that it depends on."""
    if isinstance(condition, Not):
        inside = _value(condition.not_, answers)
        return not inside if isinstance(inside, bool) else inside
    if not isinstance(condition, AllOf | AnyOf):
        return answers.get(condition, condition)
    decides, undecided = isinstance(condition, AnyOf), None
    for _, part in parts(condition):
        value = _value(part, answers)
        if value is decides:
            return decides
        if undecided is None and not isinstance(value, bool):
            undecided = value
    return not decides if undecided is None else undecided


def _subject(test: Test) -> Hashable:
    """Equal for predicates whose answers depend on each other."""
    match test:
        case AttributeTest():
            return AttributeTest, test.attribute
        case ScoreTest():
            return ScoreTest, test.score, test.category
        case ConsentTest():
            return ConsentTest, test.consent
        case SegmentTest():
            return SegmentTest, test.segment
        case BucketTest():
            return BucketTest, test.bucket
        case ActivityTest() | Inactive():
            return ActivityTest
    return type(test)


def _values(literals: Iterable[tuple[Test, bool]], schema: Schema) -> Iterable[object]:
    """A value of each class of values among which the predicates do not distinguish."""
    tests = [test for test, _ in literals]
    match tests[0]:
        case ScoreTest():
            return representatives(tests)
        case BucketTest():
            near = {round(bound * 100) + beside for bound in representatives(tests) for beside in (-1, 0, 1)}
            return [step / 100 for step in {0, 9_999, *near} if 0 <= step <= 9_999]
        case RankTest():
            return list(Rank)
        case StageTest():
            return list(LifecycleStage)
        case WeekdayTest():
            return _WEEKDAYS
        case ConsentTest():
            return ("confirmed", "pending", "withdrawn", "none")
        case PhaseTest():
            named = {phase for test in tests if isinstance(test, PhaseTest) for phase in test.phase}
            return named | (schema.phases or {""})
    return (True, False)


def _holds(test: Test, value: Any) -> bool:
    """The answer for a lead (or a moment) with this value; attributes and behaviour have functions of their own."""
    match test:
        case ScoreTest() | BucketTest():
            return test.includes(value)
        case (
            RankTest(rank=options) | StageTest(stage=options) | WeekdayTest(weekday=options) | PhaseTest(phase=options)
        ):
            return value in options
        case ConsentTest():
            return bool(value == test.state)
        case BlockedTest(blocked=wanted) | HolidayTest(holiday=wanted):
            return bool(value == wanted)
    return bool(value)


def _behaviour_is_possible(literals: Literals) -> bool:
    yes = [test for test, answer in literals if answer]
    no = [test for test, answer in literals if not answer]
    return not any(_implies(one, other) for one in yes for other in no) and not any(
        _excludes(one, other) for one in yes for other in yes
    )


def _implies(one: Test, other: Test) -> bool:
    if isinstance(one, Inactive) and isinstance(other, Inactive):
        return one.inactive_for_days >= other.inactive_for_days
    if not (isinstance(one, ActivityTest) and isinstance(other, ActivityTest)) or one.activity != other.activity:
        return False
    within = _within(one)
    is_narrower = all(getattr(other, name) in (None, getattr(one, name)) for name in _FILTERS)
    is_narrower = is_narrower and (other.link_contains or "") in (one.link_contains or "")
    is_narrower = is_narrower and set(other.fields or ()) <= set(one.fields or ())
    if other.first_within_days is not None:
        same = all(getattr(other, name) == getattr(one, name) for name in (*_FILTERS, "link_contains", "fields"))
        first = one.first_within_days
        is_narrower = same and first is not None and first <= other.first_within_days
    is_as_late = other.within_days is None or (within is not None and within <= other.within_days)
    return is_narrower and is_as_late and one.times >= other.times


def _excludes(one: Test, other: Test) -> bool:
    """`other` says that the lead did nothing when it did something by `one`."""
    if not (isinstance(one, ActivityTest) and isinstance(other, Inactive)):
        return False
    if not (isinstance(one.activity, ActivityType) and one.activity.is_engagement):
        return False
    within = _within(one)
    return within is not None and within <= other.inactive_for_days


def _within(test: ActivityTest) -> int | None:
    """The number of days in which the latest match was."""
    return min((days for days in (test.within_days, test.first_within_days) if days is not None), default=None)
