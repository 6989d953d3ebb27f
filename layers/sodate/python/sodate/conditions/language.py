"""The condition language: a typed tree used by scores, phases and ranks, and later by segments and branches.

A condition has exactly one head key (`all`, `any`, `not`, `attribute`, `activity`, `score`, `rank`, `phase`,
`inactive_for_days`), which selects the kind of node.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, StringConstraints, Tag, model_validator

from sodate.activities.catalog import ActivityType
from sodate.playbook.model import Definition, NarrowedByEachKey, Slug

AttributePath = Annotated[str, StringConstraints(pattern=r"^(primary|secondary|source)\.[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Which = Literal[
    "total", "attribute", "behaviour", "attribute_plus", "attribute_minus", "behaviour_plus", "behaviour_minus"
]
MOST_TESTS, DEEPEST = 60, 6


class _Range(NarrowedByEachKey):
    at_least: float | None = Field(default=None, ge=-1e12, le=1e12)
    less_than: float | None = Field(default=None, ge=-1e12, le=1e12)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.at_least is not None and self.less_than is not None and self.at_least >= self.less_than:
            raise ValueError(f"nothing is at least {self.at_least:g} and less than {self.less_than:g}")
        return self

    def includes(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (self.less_than is None or value < self.less_than)


class AttributeTest(_Range):
    """Text is compared folded (ﾌﾞﾁｮｳ equals ブチョウ, Ａ equals a); a list matches when one item matches."""

    attribute: AttributePath
    equals: Text | None = None
    any_of: tuple[Text, ...] | None = Field(default=None, min_length=1, max_length=100)
    contains: Text | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        is_range = self.at_least is not None or self.less_than is not None
        tests = [self.equals is not None, self.any_of is not None, self.contains is not None, self.present is not None]
        if sum([*tests, is_range]) != 1:
            raise ValueError(
                "`attribute` needs exactly one of `equals`, `any_of`, `contains`, `present`, or a range of"
                " `at_least` and `less_than`"
            )
        return self


class ActivityTest(NarrowedByEachKey):
    """The activity happened at least `times` times, within the last `within_days` days if set."""

    activity: ActivityType
    form: Slug | None = None
    template: Slug | None = None
    sequence: Slug | None = None
    product: Slug | None = None
    seminar: Slug | None = None
    outcome: Slug | None = None
    link_contains: Text | None = None
    page: Annotated[str, StringConstraints(pattern=r"^/[^*]*(\*[^*]*){0,2}$", max_length=200)] | None = Field(
        default=None, description="A page's path; `*` (two at most) stands for anything: /pricing/*"
    )
    times: int = Field(default=1, ge=1, le=20)
    within_days: int | None = Field(default=None, ge=1, le=3650)


class ScoreTest(_Range):
    """Range of a stored score total, overall or of one category."""

    score: Which
    category: Slug | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.less_than is None:
            raise ValueError("`score` needs `at_least` or `less_than`")
        return self


class RankTest(NarrowedByEachKey):
    rank: tuple[Annotated[str, StringConstraints(pattern=r"^[ABC][123]$")], ...] = Field(min_length=1, max_length=9)


class PhaseTest(NarrowedByEachKey):
    phase: tuple[Slug, ...] = Field(min_length=1, max_length=20)


class Inactive(NarrowedByEachKey):
    """No activity of the lead for this many days."""

    inactive_for_days: int = Field(ge=1, le=3650)


class AllOf(NarrowedByEachKey):
    all: tuple["Condition", ...] = Field(min_length=1, max_length=30)


class AnyOf(NarrowedByEachKey):
    any: tuple["Condition", ...] = Field(min_length=1, max_length=30)


class Not(NarrowedByEachKey):
    not_: "Condition" = Field(alias="not")


KINDS: dict[str, type[Definition]] = {
    "all": AllOf,
    "any": AnyOf,
    "not": Not,
    "attribute": AttributeTest,
    "activity": ActivityTest,
    "score": ScoreTest,
    "rank": RankTest,
    "phase": PhaseTest,
    "inactive_for_days": Inactive,
}


def _head(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return next((head for head, kind in KINDS.items() if isinstance(value, kind)), None)
    heads = [key for key in value if key in KINDS] if isinstance(value, dict) else []
    return heads[0] if len(heads) == 1 else None


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[AttributeTest, Tag("attribute")]
    | Annotated[ActivityTest, Tag("activity")]
    | Annotated[ScoreTest, Tag("score")]
    | Annotated[RankTest, Tag("rank")]
    | Annotated[PhaseTest, Tag("phase")]
    | Annotated[Inactive, Tag("inactive_for_days")],
    Discriminator(
        _head,
        custom_error_type="condition_kind",
        custom_error_message="write exactly one of `all`, `any`, `not`, `attribute`, `activity`, `score`, `rank`,"
        " `phase`, `inactive_for_days`",
    ),
]
Test = AttributeTest | ActivityTest | ScoreTest | RankTest | PhaseTest | Inactive

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def parts(condition: Condition) -> tuple[tuple[str | int, Condition], ...]:
    """Children of an `all`, `any` or `not`, each with its path key; empty for a predicate."""
    if isinstance(condition, Not):
        return (("not", condition.not_),)
    children = condition.all if isinstance(condition, AllOf) else condition.any if isinstance(condition, AnyOf) else ()
    return tuple(enumerate(children))


def tests(condition: Condition, depth: int = 0) -> Iterator[Test]:
    """Every predicate of the tree, in reading order.

    Raises: `ValueError` for a tree deeper than `DEEPEST` levels.
    """
    if depth > DEEPEST:
        raise ValueError(f"a condition may be {DEEPEST} levels deep")
    if isinstance(condition, AllOf | AnyOf | Not):
        for _, part in parts(condition):
            yield from tests(part, depth + 1)
    else:
        yield condition


def bounded(condition: Condition) -> Condition:
    """Return `condition` unchanged.

    Raises: `ValueError` when it has too many predicates or levels.
    """
    if len(list(tests(condition))) > MOST_TESTS:
        raise ValueError(f"a condition may have {MOST_TESTS} tests")
    return condition
