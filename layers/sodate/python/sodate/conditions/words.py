"""Renders a condition as an English sentence, for explanations."""

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
)

_FILTERS = ("form", "template", "sequence", "product", "seminar", "outcome", "link_contains", "page")


def in_words(condition: Condition) -> str:
    if isinstance(condition, AllOf):
        return " and ".join(_bracketed(part, AnyOf) for part in condition.all)
    if isinstance(condition, AnyOf):
        return " or ".join(_bracketed(part, AllOf) for part in condition.any)
    if isinstance(condition, Not):
        return f"not ({in_words(condition.not_)})"
    return _test(condition)


def _test(test: Test) -> str:
    match test:
        case ActivityTest():
            return _activity(test)
        case AttributeTest():
            return f"{test.attribute} {_attribute(test)}"
        case ScoreTest():
            where = f" in {test.category}" if test.category else ""
            return f"{test.score} points{where} {_range(test.at_least, test.less_than)}"
        case RankTest():
            return f"rank {' or '.join(test.rank)}"
        case PhaseTest():
            return f"phase {' or '.join(test.phase)}"
        case Inactive():
            return f"nothing done for {test.inactive_for_days} days"


def _bracketed(part: Condition, other: type[AllOf | AnyOf]) -> str:
    return f"({in_words(part)})" if isinstance(part, other) else in_words(part)


def _activity(test: ActivityTest) -> str:
    narrowed = [f"{name} {value}" for name in _FILTERS if (value := getattr(test, name)) is not None]
    about = f" ({', '.join(narrowed)})" if narrowed else ""
    times = f" {test.times} times" if test.times > 1 else ""
    within = f" within {test.within_days} days" if test.within_days is not None else ""
    return f"{test.activity}{about}{times}{within}"


def _attribute(test: AttributeTest) -> str:
    if test.present is not None:
        return "given" if test.present else "not given"
    if test.contains is not None:
        return f"contains {test.contains}"
    if test.equals is not None:
        return f"is {test.equals}"
    if test.any_of is not None:
        return f"is one of {', '.join(test.any_of)}"
    return _range(test.at_least, test.less_than)


def _range(at_least: float | None, less_than: float | None) -> str:
    parts = [f"at least {at_least:g}"] if at_least is not None else []
    return " and ".join([*parts, *([f"less than {less_than:g}"] if less_than is not None else [])])
