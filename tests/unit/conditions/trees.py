"""Random condition trees of every kind, as the YAML of a playbook would give them."""

from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter
from sodate.activities.catalog import ActivityType, CallOutcome, LifecycleStage
from sodate.conditions.language import Condition

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
_SLUGS = st.sampled_from(["real-estate", "news", "2026-11-20", "7", "and", "or", "not", "all", "blocked", "within"])
_TEXTS = st.sampled_from(
    ["東京都", 'quo"te', "back\\slash", "it's", "「鍵」", "and", "a\nb", "100", "×  ）"]
) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
_ATTRIBUTES = st.sampled_from(["primary.prefecture", "secondary.interest", "source.utm_source", "primary.and"])
_NUMBERS = st.integers(-1000, 1000) | st.floats(-1e12, 1e12, allow_nan=False)
_DATES = st.dates().filter(lambda day: day.year >= 1000).map(str)
_DAYS = st.integers(1, 3650)


def _bounds(low: str, high: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    both = st.tuples(values, values).filter(lambda pair: pair[0] < pair[1])
    return (
        values.map(lambda value: {low: value})
        | values.map(lambda value: {high: value})
        | both.map(lambda pair: {low: pair[0], high: pair[1]})
    )


_RANGES = _bounds("at_least", "less_than", _NUMBERS)


def _some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4)


def _with(head: str, values: st.SearchStrategy[Any], more: st.SearchStrategy[dict[str, Any]]) -> Any:
    return st.tuples(values, more).map(lambda pair: {head: pair[0], **pair[1]})


_ATTRIBUTE_TESTS = st.one_of(
    _TEXTS.map(lambda text: {"equals": text}),
    _some(_TEXTS).map(lambda texts: {"any_of": texts}),
    _some(_TEXTS).map(lambda texts: {"all_of": texts}),
    _TEXTS.map(lambda text: {"contains": text}),
    st.booleans().map(lambda present: {"present": present}),
    _RANGES,
    _bounds("on_or_after", "before", _DATES),
    _bounds("at_least", "less_than", st.integers(-36_500, 36_500)).map(lambda days: {"in_days": days}),
)
_ACTIVITY_KEYS = st.fixed_dictionaries(
    {},
    optional={
        **{key: _SLUGS for key in ("form", "template", "sequence", "product", "seminar", "same_key")},
        "outcome": st.sampled_from([each.value for each in CallOutcome]),
        "link_contains": _TEXTS,
        "page": st.sampled_from(["/pricing*", "/", '/a"b', "/*/事例/*"]),
        "times": st.sampled_from([1, 2, 20]),
        "within_days": _DAYS,
        "first_within_days": _DAYS,
    },
)
_WHICH = ["total", "attribute", "behaviour", "attribute_plus", "attribute_minus", "behaviour_plus", "behaviour_minus"]
_STATES = st.sampled_from(["confirmed", "pending", "withdrawn", "none"])
_CATEGORIES = st.none() | _SLUGS
PREDICATES = st.one_of(
    _with("attribute", _ATTRIBUTES, _ATTRIBUTE_TESTS),
    _with("activity", st.sampled_from([each.value for each in ActivityType]), _ACTIVITY_KEYS),
    st.builds(
        lambda which, category, bounds: {"score": which, "category": category, **bounds},
        st.sampled_from(_WHICH), _CATEGORIES, _RANGES,
    ),
    _some(st.sampled_from(["A1", "A2", "B1", "C3"])).map(lambda ranks: {"rank": ranks}),
    _some(_SLUGS).map(lambda phases: {"phase": phases}),
    _DAYS.map(lambda days: {"inactive_for_days": days}),
    _some(st.sampled_from([each.value for each in LifecycleStage])).map(lambda stages: {"stage": stages}),
    _with("consent", _SLUGS, _STATES.map(lambda state: {"state": state})),
    st.booleans().map(lambda blocked: {"blocked": blocked}),
    _SLUGS.map(lambda segment: {"segment": segment}),
    _some(st.sampled_from(["mon", "tue", "sun"])).map(lambda days: {"weekday": days}),
    st.booleans().map(lambda holiday: {"holiday": holiday}),
    _with("bucket", _SLUGS, _RANGES),
)  # fmt: skip


def trees(predicates: st.SearchStrategy[Any], levels: int) -> st.SearchStrategy[Any]:
    """Trees of `levels` levels at most; also `all` and `any` of one part, and `not` of `not`."""
    if levels == 0:
        return predicates
    inner = st.deferred(lambda: trees(predicates, levels - 1))
    parts = st.lists(inner, min_size=1, max_size=3)
    combined = st.one_of(
        parts.map(lambda parts: {"all": parts}),
        parts.map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    )
    # Not `predicates | combined`: Hypothesis would draw each kind of predicate as often as all combinations.
    return st.sampled_from([predicates, combined, combined]).flatmap(lambda strategy: strategy)


CONDITIONS = trees(PREDICATES, 4).map(CONDITION.validate_python)
