"""The condition language: a typed tree used by scores, phases, segments and scenarios.

A condition has exactly one head key (a key of `KINDS`), which selects the kind of node. Who uses a condition says which
predicates it accepts (`only`): a score rule has no segments, a segment no weekdays.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from sodate.activities.catalog import LifecycleStage
from sodate.conditions.activity_test import ActivityName as ActivityName
from sodate.conditions.activity_test import ActivityTest as ActivityTest
from sodate.conditions.activity_test import FieldTest as FieldTest
from sodate.conditions.activity_test import Range
from sodate.conditions.activity_test import Text as Text
from sodate.messages import Message
from sodate.playbook.model import Definition, InvalidPart, NarrowedByEachKey, Slug

#: What a profile says; `company.<name>` of the company to which the lead belongs.
AttributePath = Annotated[
    str,
    StringConstraints(
        pattern=r"^((primary|secondary|source)\.[a-z][a-z0-9_]{0,39}|company\.(name|industry|region|employees))$"
    ),
]
#: What forms, imports and steps of scenarios write.
OwnAttributePath = Annotated[str, StringConstraints(pattern=r"^(primary|secondary|source)\.[a-z][a-z0-9_]{0,39}$")]
Which = Literal[
    "total", "attribute", "behaviour", "attribute_plus", "attribute_minus", "behaviour_plus", "behaviour_minus"
]
MOST_TESTS, DEEPEST = 60, 6
_SMALLER = Message("write `any_of` for the values of one attribute, or put parts into segments and ask `segment: <id>`")


class Days(Definition):
    """A range of days from today: 0 is today, -1 yesterday. `at_least` included, `less_than` not."""

    at_least: int | None = Field(default=None, ge=-36_500, le=36_500)
    less_than: int | None = Field(default=None, ge=-36_500, le=36_500)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.at_least is None and self.less_than is None:
            raise ValueError(Message("`in_days` needs `at_least` or `less_than`"))
        if self.at_least is not None and self.less_than is not None and self.at_least >= self.less_than:
            raise ValueError(
                Message(
                    "no day is at least {at_least} and less than {less_than} days from today",
                    at_least=self.at_least,
                    less_than=self.less_than,
                )
            )
        return self

    def includes(self, days: int) -> bool:
        return (self.at_least is None or days >= self.at_least) and (self.less_than is None or days < self.less_than)


class AttributeTest(Range):
    """Text is compared folded (ﾌﾞﾁｮｳ equals ブチョウ, Ａ equals a); a list matches when one item matches.

    `all_of`: a list that has every item. `on_or_after`, `before`, `in_days`: of a date (2027-03-31).
    """

    attribute: AttributePath
    equals: Text | None = None
    any_of: tuple[Text, ...] | None = Field(default=None, min_length=1, max_length=100)
    all_of: tuple[Text, ...] | None = Field(default=None, min_length=1, max_length=100)
    contains: Text | None = None
    present: bool | None = None
    on_or_after: date | None = None
    before: date | None = None
    in_days: Days | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        is_range = self.at_least is not None or self.less_than is not None
        is_date_range = self.on_or_after is not None or self.before is not None
        single = (self.equals, self.any_of, self.all_of, self.contains, self.present, self.in_days)
        if sum([*(test is not None for test in single), is_range, is_date_range]) != 1:
            raise ValueError(
                Message(
                    "`attribute` needs exactly one of `equals`, `any_of`, `all_of`, `contains`, `present`,"
                    " `in_days`, or a range of `at_least` and `less_than`, or of `on_or_after` and `before`"
                )
            )
        if self.on_or_after is not None and self.before is not None and self.on_or_after >= self.before:
            raise ValueError(
                Message(
                    "no date is on or after {on_or_after} and before {before}",
                    on_or_after=self.on_or_after,
                    before=self.before,
                )
            )
        return self


class ScoreTest(Range):
    """Range of a stored score total, overall or of one category."""

    score: Which
    category: Slug | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.less_than is None:
            raise ValueError(Message("`score` needs `at_least` or `less_than`"))
        return self


class RankTest(NarrowedByEachKey):
    rank: tuple[Annotated[str, StringConstraints(pattern=r"^[ABC][123]$")], ...] = Field(min_length=1, max_length=9)


class PhaseTest(NarrowedByEachKey):
    phase: tuple[Slug, ...] = Field(min_length=1, max_length=20)


class Inactive(NarrowedByEachKey):
    """No activity of the lead for this many days."""

    inactive_for_days: int = Field(ge=1, le=3650)


class StageTest(NarrowedByEachKey):
    stage: tuple[LifecycleStage, ...] = Field(min_length=1, max_length=10)


class ConsentTest(NarrowedByEachKey):
    """State of the consent to a topic; `none`: never asked for."""

    consent: Slug = Field(description="A topic of playbook.yaml.")
    state: Literal["confirmed", "pending", "withdrawn", "none"] = "confirmed"


class BlockedTest(NarrowedByEachKey):
    """Whether the lead gets no marketing email at all: opt-out, bounce, complaint, no address."""

    blocked: bool


class SegmentTest(NarrowedByEachKey):
    """The lead is a member of the segment."""

    segment: Slug


class WeekdayTest(NarrowedByEachKey):
    """Today is one of these days, in the lead's time zone."""

    weekday: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1, max_length=7)


class HolidayTest(NarrowedByEachKey):
    """Today is a public holiday of the playbook's calendar, in the lead's time zone."""

    holiday: bool


class BucketTest(Range):
    """The lead's random number, 0 to 99.99, which is the same for equal `bucket` names, forever."""

    bucket: Slug


class AllOf(NarrowedByEachKey):
    all: tuple["Condition", ...] = Field(min_length=1, max_length=30)


class AnyOf(NarrowedByEachKey):
    any: tuple["Condition", ...] = Field(min_length=1, max_length=30)


class Not(NarrowedByEachKey):
    model_config = ConfigDict(serialize_by_alias=True)

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
    "stage": StageTest,
    "consent": ConsentTest,
    "blocked": BlockedTest,
    "segment": SegmentTest,
    "weekday": WeekdayTest,
    "holiday": HolidayTest,
    "bucket": BucketTest,
}


def head_of(condition: BaseModel) -> str | None:
    return next((head for head, kind in KINDS.items() if isinstance(condition, kind)), None)


def _head(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return head_of(value)
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
    | Annotated[Inactive, Tag("inactive_for_days")]
    | Annotated[StageTest, Tag("stage")]
    | Annotated[ConsentTest, Tag("consent")]
    | Annotated[BlockedTest, Tag("blocked")]
    | Annotated[SegmentTest, Tag("segment")]
    | Annotated[WeekdayTest, Tag("weekday")]
    | Annotated[HolidayTest, Tag("holiday")]
    | Annotated[BucketTest, Tag("bucket")],
    Discriminator(
        _head,
        custom_error_type="condition_kind",
        custom_error_message=Message(
            "write exactly one of `all`, `any`, `not`, `attribute`, `activity`, `score`, `rank`, `phase`,"
            " `stage`, `consent`, `blocked`, `segment`, `inactive_for_days`, `weekday`, `holiday`, `bucket`"
        ),
    ),
]
#: Predicates that a rule set may ask for.
ScoringTest = AttributeTest | ActivityTest | ScoreTest | RankTest | PhaseTest | Inactive
Test = ScoringTest | StageTest | ConsentTest | BlockedTest | SegmentTest | WeekdayTest | HolidayTest | BucketTest

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
        raise InvalidPart(Message("a condition may be {deepest} levels deep", deepest=DEEPEST), _SMALLER)
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
        raise InvalidPart(Message("a condition may have {most_tests} tests", most_tests=MOST_TESTS), _SMALLER)
    return condition
