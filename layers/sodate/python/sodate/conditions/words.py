"""Renders a condition as an English sentence, for explanations."""

from collections.abc import Callable
from typing import Any

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
)

_FILTERS = ("form", "template", "sequence", "product", "seminar", "outcome", "link_contains", "page", "event")


def in_words(condition: Condition) -> str:
    if isinstance(condition, AllOf):
        return " and ".join(_bracketed(part, AnyOf) for part in condition.all)
    if isinstance(condition, AnyOf):
        return " or ".join(_bracketed(part, AllOf) for part in condition.any)
    if isinstance(condition, Not):
        return f"not ({in_words(condition.not_)})"
    return _test(condition)


def _test(test: Test) -> str:
    return _WORDS[type(test)](test)


def _bracketed(part: Condition, other: type[AllOf | AnyOf]) -> str:
    return f"({in_words(part)})" if isinstance(part, other) else in_words(part)


def _activity(test: ActivityTest) -> str:
    narrowed = [f"{name} {value}" for name in _FILTERS if (value := getattr(test, name)) is not None]
    for field in test.fields or ():
        narrowed.append(f"{field.name} {field.equals or _range(field.at_least, field.less_than)}")
    about = f" ({', '.join(narrowed)})" if narrowed else ""
    times = f" {test.times} times" if test.times > 1 else ""
    within = f" within {test.within_days} days" if test.within_days is not None else ""
    first = f", the first within {test.first_within_days} days" if test.first_within_days is not None else ""
    same = f" with the same {test.same_key}" if test.same_key is not None else ""
    return f"{test.activity}{about}{same}{times}{within}{first}"


def _attribute(test: AttributeTest) -> str:
    if test.present is not None:
        return "given" if test.present else "not given"
    if test.contains is not None:
        return f"contains {test.contains}"
    if test.equals is not None:
        return f"is {test.equals}"
    if test.any_of is not None:
        return f"is one of {', '.join(test.any_of)}"
    if test.all_of is not None:
        return f"has all of {', '.join(test.all_of)}"
    if test.in_days is not None:
        return f"in days {_range(test.in_days.at_least, test.in_days.less_than)}"
    if test.on_or_after is not None or test.before is not None:
        bounds = (("on or after", test.on_or_after), ("before", test.before))
        return " and ".join(f"{word} {day}" for word, day in bounds if day is not None)
    return _range(test.at_least, test.less_than)


def _range(at_least: float | None, less_than: float | None) -> str:
    parts = [f"at least {at_least:g}"] if at_least is not None else []
    return " and ".join([*parts, *([f"less than {less_than:g}"] if less_than is not None else [])])


def _score(test: ScoreTest) -> str:
    where = f" in {test.category}" if test.category else ""
    return f"{test.score} points{where} {_range(test.at_least, test.less_than)}"


_WORDS: dict[type[Test], Callable[[Any], str]] = {
    ActivityTest: _activity,
    AttributeTest: lambda test: f"{test.attribute} {_attribute(test)}",
    ScoreTest: _score,
    RankTest: lambda test: f"rank {' or '.join(test.rank)}",
    PhaseTest: lambda test: f"phase {' or '.join(test.phase)}",
    Inactive: lambda test: f"nothing done for {test.inactive_for_days} days",
    StageTest: lambda test: f"stage {' or '.join(test.stage)}",
    ConsentTest: lambda test: f"consent to {test.consent} {test.state}",
    BlockedTest: lambda test: "blocked" if test.blocked else "not blocked",
    SegmentTest: lambda test: f"in segment {test.segment}",
    WeekdayTest: lambda test: f"on {' or '.join(test.weekday)}",
    HolidayTest: lambda test: "on a holiday" if test.holiday else "not on a holiday",
    BucketTest: lambda test: f"random number {test.bucket} {_range(test.at_least, test.less_than)}",
}
