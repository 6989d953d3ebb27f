"""The evaluator of condition trees. The caller evaluates the predicates, against a profile or lead facts."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sodate.conditions.language import ActivityTest, AllOf, AnyOf, AttributeTest, Condition, FieldTest, Not, Test
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


def attribute_holds(test: AttributeTest, value: Any, today: date | None = None) -> bool:
    """True when `value` satisfies the predicate. A missing value satisfies only `present: false`.

    `today`: the lead's local date, for `in_days`; without it, no value satisfies that.
    """
    values = [item for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]
    if test.present is not None:
        return bool(values) == test.present
    if test.at_least is not None or test.less_than is not None:
        return any(number is not None and test.includes(number) for number in map(number_of, values))
    if test.on_or_after is not None or test.before is not None or test.in_days is not None:
        return any(day is not None and _date_holds(test, day, today) for day in map(date_of, values))
    texts = [fold(str(item)) for item in values]
    if test.contains is not None:
        return any(fold(test.contains) in text for text in texts)
    if test.all_of is not None:
        return all(fold(option) in texts for option in test.all_of)
    wanted = [test.equals] if test.equals is not None else test.any_of or ()
    return any(fold(option) in texts for option in wanted)


def _date_holds(test: AttributeTest, day: date, today: date | None) -> bool:
    if test.in_days is not None:
        return today is not None and test.in_days.includes((day - today).days)
    return (test.on_or_after is None or day >= test.on_or_after) and (test.before is None or day < test.before)


def date_of(value: Any) -> date | None:
    """Parse a date as forms and imports store it (2027-03-31, 2027/3/31, full width); None when it is none."""
    parts = re.split("[-/.年月]", fold(str(value)).rstrip("日").partition("t")[0])
    try:
        year, month, day = map(int, parts)
        return date(year, month, day)
    except ValueError:
        return None


def random_bucket(name: str, lead_id: str) -> float:
    """The lead's number, 0 to 99.99, evenly distributed; equal for equal names, forever."""
    digest = hashlib.sha256(f"{name}\x1f{lead_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10_000 / 100


def number_of(value: Any) -> float | None:
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
        for name in ("form", "template", "sequence", "product", "seminar", "outcome", "event")
        if (wanted := getattr(test, name)) is not None
    ]
    link, page, fields = test.link_contains, _glob(test.page) if test.page else None, test.fields or ()
    if not equal and not fields and link is None and page is None:
        return None

    def matches(about: About) -> bool:
        return (
            all(about.get(name) == wanted for name, wanted in equal)
            and all(_field_holds(field, _value_of(about, field.name)) for field in fields)
            and (link is None or link in str(about.get("link", "")))
            and (page is None or page(str(about.get("page", ""))) is not None)
        )

    return matches


def _value_of(about: About, name: str) -> Any:
    """An attribute of the activity, or a field of a custom event, which has them as a list: `plan=pro`."""
    listed = about.get("fields")
    if name in about or not isinstance(listed, list | tuple):
        return about.get(name)
    return next((text.removeprefix(f"{name}=") for text in map(str, listed) if text.startswith(f"{name}=")), None)


def _field_holds(test: FieldTest, value: Any) -> bool:
    if value is None:
        return False
    if test.equals is not None:
        return fold(str(value)) == fold(test.equals)
    number = number_of(value)
    return number is not None and test.includes(number)


def _glob(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*"))).fullmatch
