"""Whether one attribute of a lead can give certain answers to its predicates. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from sodate.authoring.lead_fields import LeadField
from sodate.conditions.evaluate import attribute_holds, date_of
from sodate.conditions.language import AttributeTest, Test
from sodate.leads.text import fold

#: Predicates, each with the answer that is wanted.
Literals = Sequence[tuple[Test, bool]]
_AttributeLiterals = Sequence[tuple[AttributeTest, bool]]


def attribute_is_possible(literals: _AttributeLiterals, field: LeadField | None) -> bool:
    """`literals` are about one attribute; `field` is what is known of it."""
    if all(attribute_holds(test, None) == answer for test, answer in literals):
        return True
    if any(test.present is not None and test.present != answer for test, answer in literals):
        return False
    literals = [(test, answer) for test, answer in literals if test.present is None]
    options = field.options if field is not None else None
    is_open = options is None
    texts = options or {text for test, _ in literals for text in _texts(test)}
    if field is not None and field.is_single:
        return _has_item(literals, texts, is_open=is_open)
    # A list: an item for each wanted answer, none of which gives an unwanted one. That several items may not be there
    # together (`not … has all (…)`) is left out.
    unwanted = [(test, answer) for test, answer in literals if not answer]
    wanted = [each for test, answer in literals if answer for each in _per_item(test)] or [()]
    return all(_has_item([*((test, True) for test in each), *unwanted], texts, is_open=is_open) for each in wanted)


def representatives(ranges: Iterable[object]) -> list[float]:
    """One number of each interval into which the bounds divide all numbers; an interval includes its lower end."""
    both = [getattr(each, name, None) for each in ranges for name in ("at_least", "less_than")]
    bounds = sorted({bound for bound in both if bound is not None})
    return [bounds[0] - 1, *bounds] if bounds else []


def _texts(test: AttributeTest) -> Iterable[str]:
    return [*([test.equals] if test.equals is not None else []), *(test.any_of or ()), *(test.all_of or ())]


def _per_item(test: AttributeTest) -> list[tuple[AttributeTest, ...]]:
    options = test.all_of
    return [(test,)] if options is None else [(AttributeTest(attribute=test.attribute, equals=o),) for o in options]


def _has_item(literals: _AttributeLiterals, texts: Iterable[str], *, is_open: bool) -> bool:
    """Whether one value gives all the answers: one of `texts`, or any other one when the field is open."""
    if any(all(_text_gives(test, text, answer) for test, answer in literals) for text in texts):
        return True
    return is_open and _other_gives(literals)


def _text_gives(test: AttributeTest, text: str, answer: bool) -> bool:
    if test.in_days is not None:
        return date_of(text) is not None or not answer
    return attribute_holds(test, text) == answer


def _other_gives(literals: _AttributeLiterals) -> bool:
    """A value that no predicate names. What it says as text, number, date and days from today is looked at apart."""
    if any(answer and any(True for _ in _texts(test)) for test, answer in literals):
        return False
    dates = [test for test, _ in literals if test.on_or_after is not None or test.before is not None]
    days = {day for test in dates for day in (test.on_or_after, test.before) if day is not None}
    numbers = [test for test, _ in literals if test.at_least is not None or test.less_than is not None]
    in_days = [test.in_days for test, _ in literals if test.in_days is not None]
    return (
        _contains_gives(literals)
        and _any_gives(literals, _number_holds, [None, *representatives(numbers)])
        and _any_gives(literals, _date_holds, [None, date.min, *days])
        and _any_gives(literals, _days_hold, [None, *representatives(in_days)])
    )


def _contains_gives(literals: _AttributeLiterals) -> bool:
    """A text of all the wanted parts has an unwanted one only if a wanted part has it."""
    parts = [(fold(test.contains), answer) for test, answer in literals if test.contains is not None]
    wanted = [part for part, answer in parts if answer]
    return not any(part in one for part, answer in parts if not answer for one in wanted)


def _any_gives(
    literals: _AttributeLiterals, holds: Callable[[AttributeTest, Any], bool | None], values: Iterable[Any]
) -> bool:
    """`holds` is None for a predicate about something else."""
    return any(all(holds(test, value) in (None, answer) for test, answer in literals) for value in values)


def _number_holds(test: AttributeTest, number: float | None) -> bool | None:
    if test.at_least is None and test.less_than is None:
        return None
    return number is not None and test.includes(number)


def _date_holds(test: AttributeTest, day: date | None) -> bool | None:
    if test.on_or_after is None and test.before is None:
        return None
    return day is not None and attribute_holds(test, day.isoformat())


def _days_hold(test: AttributeTest, days: int | None) -> bool | None:
    if test.in_days is None:
        return None
    return days is not None and test.in_days.includes(days)
