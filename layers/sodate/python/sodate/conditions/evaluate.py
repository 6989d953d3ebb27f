"""The evaluator of condition trees. The caller evaluates the predicates, against a profile or lead facts."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from sodate.conditions.language import ActivityTest, AllOf, AnyOf, AttributeTest, Condition, Not, Test
from sodate.leads.lead import Profile
from sodate.leads.text import fold

About = Mapping[str, Any]


def evaluate(condition: Condition, holds: Callable[[Test], bool]) -> bool:
    if isinstance(condition, AllOf):
        return all(evaluate(part, holds) for part in condition.all)
    if isinstance(condition, AnyOf):
        return any(evaluate(part, holds) for part in condition.any)
    if isinstance(condition, Not):
        return not evaluate(condition.not_, holds)
    return holds(condition)


def on_profile(test: AttributeTest, profile: Profile) -> bool:
    return attribute_holds(test, profile.attribute(test.attribute))


def attribute_holds(test: AttributeTest, value: Any) -> bool:
    """True when `value` satisfies the predicate. A missing value satisfies only `present: false`."""
    values = [item for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]
    if test.present is not None:
        return bool(values) == test.present
    if test.at_least is not None or test.less_than is not None:
        return any(number is not None and test.includes(number) for number in map(_number, values))
    texts = [fold(str(item)) for item in values]
    if test.contains is not None:
        return any(fold(test.contains) in text for text in texts)
    wanted = [test.equals] if test.equals is not None else test.any_of or ()
    return any(fold(option) in texts for option in wanted)


def _number(value: Any) -> float | None:
    """Parse a number with full-width digits or thousands separators, as typed into forms; None when it is none."""
    try:
        number = float(fold(str(value)).replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def matcher(test: ActivityTest) -> Callable[[About], bool] | None:
    """Predicate over `Activity.about` for activities of the given type; None when every activity of it matches."""
    equal = [
        (name, wanted)
        for name in ("form", "template", "sequence", "product", "seminar", "outcome")
        if (wanted := getattr(test, name)) is not None
    ]
    link, page = test.link_contains, _glob(test.page) if test.page else None
    if not equal and link is None and page is None:
        return None

    def matches(about: About) -> bool:
        return (
            all(about.get(name) == wanted for name, wanted in equal)
            and (link is None or link in str(about.get("link", "")))
            and (page is None or page(str(about.get("page", ""))) is not None)
        )

    return matches


def _glob(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*"))).fullmatch
