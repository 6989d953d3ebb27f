"""Prints a condition on one line, so that `one_line_parser` reads exactly this tree again."""

from collections.abc import Callable, Iterable
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
    FieldTest,
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
from sodate.conditions.one_line_parser import FILTERS
from sodate.conditions.one_line_tokens import RESERVED


def print_one_line(condition: Condition) -> str:
    if isinstance(condition, Not):
        inside = condition.not_
        needs_brackets = isinstance(inside, AllOf | AnyOf | BlockedTest | HolidayTest) and _is_positive(inside)
        text = print_one_line(inside)
        return f"not ({text})" if needs_brackets or " and " in text else f"not {text}"
    if isinstance(condition, AllOf | AnyOf):
        word, key = ("and", "all") if isinstance(condition, AllOf) else ("or", "any")
        children = [part for _, part in parts(condition)]
        if len(children) == 1:
            return f"{key}({print_one_line(children[0])})"
        return f" {word} ".join(_part(child) for child in children)
    return _PRINTERS[type(condition)](condition)


def _is_positive(condition: Condition) -> bool:
    """`not blocked` is `blocked: false`; the negation of `blocked: true` is `not (blocked)`."""
    return getattr(condition, "blocked", getattr(condition, "holiday", True)) is True


def _part(condition: Condition) -> str:
    text = print_one_line(condition)
    return f"({text})" if isinstance(condition, AllOf | AnyOf) and len(parts(condition)) > 1 else text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(name: str) -> str:
    return _quoted(name) if name in RESERVED else name


def _listed(values: Iterable[str]) -> str:
    return f"({', '.join(values)})"


def _one_of(head: str, values: tuple[str, ...]) -> str:
    return f"{head} = {_name(values[0])}" if len(values) == 1 else f"{head} in {_listed(map(_name, values))}"


def _range(at_least: object, less_than: object) -> str:
    bounds = [(">=", at_least), ("<", less_than)]
    return " and ".join(f"{mark} {_plain(bound)}" for mark, bound in bounds if bound is not None)


def _plain(bound: object) -> str:
    return str(bound).removesuffix(".0") if isinstance(bound, float) else str(bound)


def _attribute(test: AttributeTest) -> str:
    if test.in_days is not None:
        return f"days_until({test.attribute}) {_range(test.in_days.at_least, test.in_days.less_than)}"
    return f"{test.attribute} {_attribute_test(test)}"


def _attribute_test(test: AttributeTest) -> str:
    if test.equals is not None:
        return f"= {_quoted(test.equals)}"
    if test.any_of is not None:
        return f"in {_listed(map(_quoted, test.any_of))}"
    if test.all_of is not None:
        return f"has all {_listed(map(_quoted, test.all_of))}"
    if test.contains is not None:
        return f"contains {_quoted(test.contains)}"
    if test.present is not None:
        return "is present" if test.present else "is not present"
    if test.on_or_after is not None or test.before is not None:
        return _range(test.on_or_after, test.before)
    return _range(test.at_least, test.less_than)


def _score(test: ScoreTest) -> str:
    which = "" if test.score == "total" else f".{test.score}"
    category = f"({_name(test.category)})" if test.category is not None else ""
    return f"score{which}{category} {_range(test.at_least, test.less_than)}"


def _activity(test: ActivityTest) -> str:
    filters = [f"{name} = {_quoted(value)}" for name in FILTERS if (value := getattr(test, name)) is not None]
    filters += [f"link contains {_quoted(test.link_contains)}"] if test.link_contains is not None else []
    filters += [_field(field) for field in test.fields or ()]
    filters += [f"same {_name(test.same_key)}"] if test.same_key is not None else []
    words = [f"did {test.activity}{_listed(filters) if filters else ''}"]
    words += [f"{test.times} times"] if test.times != 1 else []
    words += [f"within {test.within_days} days"] if test.within_days is not None else []
    words += [f"first within {test.first_within_days} days"] if test.first_within_days is not None else []
    return " ".join(words)


def _field(test: FieldTest) -> str:
    return f"{test.name} " + (f"= {_quoted(test.equals)}" if test.equals else _range(test.at_least, test.less_than))


def _consent(test: ConsentTest) -> str:
    return f"consent({_name(test.consent)})" + ("" if test.state == "confirmed" else f" = {test.state}")


_PRINTERS: dict[type[Test], Callable[[Any], str]] = {
    ActivityTest: _activity,
    AttributeTest: _attribute,
    ScoreTest: _score,
    RankTest: lambda test: _one_of("rank", test.rank),
    PhaseTest: lambda test: _one_of("phase", test.phase),
    StageTest: lambda test: _one_of("stage", test.stage),
    WeekdayTest: lambda test: _one_of("weekday", test.weekday),
    Inactive: lambda test: f"inactive for {test.inactive_for_days} days",
    ConsentTest: _consent,
    BlockedTest: lambda test: "blocked" if test.blocked else "not blocked",
    HolidayTest: lambda test: "holiday" if test.holiday else "not holiday",
    SegmentTest: lambda test: f"segment({_name(test.segment)})",
    BucketTest: lambda test: f"bucket({_name(test.bucket)}) {_range(test.at_least, test.less_than)}",
}
