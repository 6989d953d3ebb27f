"""The rule set: scoring rules, the hot threshold, ranks, and phases (認知→関心→検討→決定)."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sodate.conditions.language import (
    ActivityTest,
    AttributeTest,
    Condition,
    PhaseTest,
    ScoringTest,
    Test,
    bounded,
    head_of,
    tests,
)
from sodate.messages import Message
from sodate.playbook.model import Definition, Slug, unlike

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
BoundedCondition = Annotated[Condition, AfterValidator(bounded)]
MOST_POINTS = 1000


class Per(Definition):
    """At most `times` per calendar day, week or month, in the rule set's time zone."""

    period: Literal["day", "week", "month"]
    times: int = Field(ge=1, le=1000)


class ScoreRule(Definition):
    """Points for attributes of a lead, or for one activity type.

    An activity with `times` and `within_days` counts each time `times` matches fall within `within_days`; then the
    count restarts.
    """

    id: Slug
    label: Label = Field(description="What sales reads as the reason, e.g. 料金ページのリンクをクリック.")
    when: BoundedCondition
    points: int = Field(ge=-MOST_POINTS, le=MOST_POINTS)
    category: Slug | None = Field(default=None, description="A product or interest, with totals of its own.")
    group: Slug | None = Field(default=None, description="Rules that share a cap, see `groups`.")
    max_times: int | None = Field(default=None, ge=1, le=1000, description="How often it counts; empty: every time.")
    max_points: int | None = Field(default=None, ge=1, le=100_000, description="What it gives (or costs) at most.")
    per: Per | None = None
    after_absence_days: int | None = Field(
        default=None, ge=1, le=3650, description="Counts only if the lead had done nothing for so long before."
    )
    half_life_days: float | None = Field(
        default=None, ge=0.5, le=3650, description="After so many days half of the points are left."
    )

    @property
    def is_behaviour(self) -> bool:
        return isinstance(self.when, ActivityTest)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.when, ActivityTest):
            if (self.when.times > 1) != (self.when.within_days is not None):
                raise ValueError(Message("in a rule `times` (2 or more) and `within_days` go together"))
            if self.half_life_days is not None and self.points < 0:
                raise ValueError(
                    Message("only points that are earned can fade: `half_life_days` needs positive `points`")
                )
            return self
        if not all(isinstance(test, AttributeTest) for test in tests(self.when)):
            raise ValueError(Message("a rule is about attributes (combined as you like) or about one `activity`"))
        written = (self.max_times, self.per, self.after_absence_days, self.half_life_days)
        if any(option is not None for option in written):
            raise ValueError(
                Message(
                    "an attribute is there or not: `max_times`, `per`, `after_absence_days`, `half_life_days` need"
                    " an `activity`"
                )
            )
        return self


class Group(Definition):
    """Together, the rules give or cost at most `max_points`; rules earlier in the file are applied first."""

    id: Slug
    max_points: int = Field(ge=1, le=100_000)
    half_life_days: float | None = Field(default=None, ge=0.5, le=3650, description="For rules without one.")


class Category(Definition):
    """What people call a category of rules."""

    id: Slug
    label: Label


class PhaseRule(Definition):
    """Entered when `when` holds and it is later than the current phase. Only `falls_back_when` moves a lead back."""

    id: Slug
    label: Label
    when: BoundedCondition | None = Field(default=None, description="Empty only for the first phase.")
    falls_back_when: BoundedCondition | None = Field(
        default=None, description="Back to the last earlier phase whose `when` holds."
    )


class Hot(Definition):
    """The MQL threshold: a signal goes to sales when the total rises to `threshold`."""

    threshold: int = Field(ge=1, le=100_000, description="Total at which sales is notified.")
    cool_below: int = Field(ge=0, description="Below this the lead is no longer hot and may become hot again.")
    needs: BoundedCondition | None = Field(default=None, description="What must hold too, e.g. a rank.")

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        if self.cool_below >= self.threshold:
            raise ValueError(
                Message("`cool_below` must be lower than `threshold`, or one lead would ring the bell all day")
            )
        return self


class Cuts(Definition):
    """Lower bounds (inclusive) of the best and the middle class; below is the last class."""

    best: int
    middle: int

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.middle >= self.best:
            raise ValueError(Message("`middle` must be lower than `best`"))
        return self

    def class_of(self, total: int) -> int:
        return 0 if total >= self.best else 1 if total >= self.middle else 2


class RankRule(Definition):
    """Fit (A, B, C: the attribute total) × engagement (1, 2, 3: the behaviour total)."""

    fit: Cuts = Cuts(best=30, middle=10)
    engagement: Cuts = Cuts(best=40, middle=15)


def class_of(rank: str) -> str:
    """The rank as one letter A, B or C; fit and engagement have equal weight."""
    return "AABBC"["ABC".index(rank[0]) + int(rank[1]) - 1]


class RuleSet(Definition):
    hot: Hot
    rules: tuple[ScoreRule, ...] = Field(max_length=200)
    phases: tuple[PhaseRule, ...] = Field(min_length=1, max_length=20)
    groups: tuple[Group, ...] = Field(default=(), max_length=50)
    categories: tuple[Category, ...] = Field(
        default=(), max_length=50, description="What people read for the `category` of a rule; without one, its id."
    )
    rank: RankRule = RankRule()
    floor: int | None = Field(default=None, ge=-100_000, le=0, description="The total is never lower.")
    ceiling: int | None = Field(default=None, ge=1, le=100_000, description="The total is never higher.")
    time_zone: str = Field(default="Asia/Tokyo", description="Whose days, weeks and months `per` counts.")

    @model_validator(mode="after")
    def _named_once_and_ordered(self) -> Self:
        unlike([rule.id for rule in self.rules], ("rules",), "id")
        unlike([group.id for group in self.groups], ("groups",), "id")
        unlike([one.id for one in self.categories], ("categories",), "id")
        if self.phases[0].when is not None or any(phase.when is None for phase in self.phases[1:]):
            raise ValueError(
                Message("the first phase has no `when` (everybody starts there), every later one needs it")
            )
        if self.phases[0].falls_back_when is not None:
            raise ValueError(Message("nothing comes before the first phase: it has no `falls_back_when`"))
        return self

    @model_validator(mode="after")
    def _groups_are_one_kind(self) -> Self:
        known = {group.id for group in self.groups}
        kinds: dict[str, tuple[bool, bool]] = {}
        for rule in self.rules:
            if rule.group is None:
                continue
            if rule.group not in known:
                raise ValueError(
                    Message("rule `{id}` is in group `{group}`, which is not in `groups`", id=rule.id, group=rule.group)
                )
            kind = (rule.is_behaviour, rule.points < 0)
            if kinds.setdefault(rule.group, kind) != kind:
                raise ValueError(
                    Message("group `{group}` mixes attributes with behaviour, or plus with minus", group=rule.group)
                )
        return self

    @model_validator(mode="after")
    def _tests_are_where_they_belong(self) -> Self:
        """`hot.needs` and phase conditions must not use phase predicates."""
        if self.hot.needs and any(isinstance(test, PhaseTest) for test in tests(self.hot.needs)):
            raise ValueError(Message("`hot.needs` cannot ask for a phase: phases come after what is hot"))
        for phase in self.phases:
            for condition in (phase.when, phase.falls_back_when):
                if condition and any(isinstance(test, PhaseTest) for test in tests(condition)):
                    raise ValueError(
                        Message("phase `{id}` asks for a phase: the order of the phases says that already", id=phase.id)
                    )
        conditions = [condition for phase in self.phases for condition in (phase.when, phase.falls_back_when)]
        for condition in (self.hot.needs, *conditions, *(rule.when for rule in self.rules)):
            for test in tests(condition) if condition is not None else ():
                _reject_for_scores(test)
        return self


def _reject_for_scores(test: Test) -> None:
    if not isinstance(test, ScoringTest):
        raise ValueError(
            Message("scores and phases cannot ask for `{head_of}`; segments and scenarios can", head_of=head_of(test))
        )
    if isinstance(test, AttributeTest) and test.in_days is not None:
        raise ValueError(Message("scores and phases cannot ask for `in_days`; segments and scenarios can"))
    if isinstance(test, ActivityTest) and (test.first_within_days is not None or test.same_key is not None):
        raise ValueError(Message("scores and phases cannot ask for `first_within_days` or `same_key`"))
