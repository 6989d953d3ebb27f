"""Parses a condition on one line, `primary.prefecture = "東京都" and not blocked`, to the data that YAML gives.

The data is not validated: the models of `language` do that, as for YAML. Time is linear in the text, whose length and
nesting are bounded. Used when a playbook is checked; published definitions hold the tree.
"""

import re
from collections.abc import Callable
from typing import Any

from sodate.activities.catalog import ActivityType
from sodate.conditions.language import DEEPEST
from sodate.conditions.one_line_tokens import (
    RESERVED,
    OneLineError,
    Token,
    Tokens,
    days_of,
    in_brackets,
    list_of,
    value_of,
    whole_number,
)
from sodate.messages import Message
from sodate.playbook.problem import did_you_mean
from sodate.playbook.yamlfile import InText

MOST_CHARACTERS = 4_000
#: Brackets and `not`, one inside the other. The tree itself is bounded by `DEEPEST`; brackets may be superfluous.
MOST_NESTED = 2 * DEEPEST
FILTERS = ("form", "template", "sequence", "product", "seminar", "outcome", "page", "event")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?([eE]-?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_one_line(text: str) -> InText:
    """The tree of `text` as YAML would give it; every part knows its column.

    Raises: `OneLineError`.
    """
    if len(text) > MOST_CHARACTERS:
        raise OneLineError(
            MOST_CHARACTERS,
            Message("longer than {most_characters} characters", most_characters=MOST_CHARACTERS),
            Message("write it as keys and values"),
        )
    tokens = Tokens(text)
    tree = _alternatives(tokens, 0)
    if tokens.peek().kind != "end":
        word = tokens.peek().value
        raise tokens.peek().wrong(
            did_you_mean(word.lower(), ("and", "or"), Message("join two tests with `and` or `or`"))
        )
    return tree


def _alternatives(tokens: Tokens, nested: int) -> InText:
    return _joined(tokens, "or", "any", lambda: _joined(tokens, "and", "all", lambda: _negatable(tokens, nested)))


def _joined(tokens: Tokens, word: str, key: str, part: Callable[[], InText]) -> InText:
    column = tokens.peek().column
    parts = [part()]
    while tokens.accept(word):
        parts.append(part())
    return parts[0] if len(parts) == 1 else InText({key: parts}, column)


def _negatable(tokens: Tokens, nested: int) -> InText:
    token = tokens.peek()
    if nested > MOST_NESTED:
        raise OneLineError(
            token.column,
            Message("nested more than {most_nested} deep", most_nested=MOST_NESTED),
            Message("make a segment of a part of it"),
        )
    if tokens.accept("not"):
        if word := tokens.accept("blocked", "holiday"):
            return InText({word.value: False}, token.column)
        return InText({"not": _negatable(tokens, nested + 1)}, token.column)
    if tokens.accept("("):
        inside = _alternatives(tokens, nested + 1)
        tokens.expect(")")
        return inside
    if tokens.sees("all", "any") and tokens.sees("(", ahead=1):
        key = tokens.take().value
        return InText({key: list_of(tokens, lambda: _alternatives(tokens, nested + 1))}, token.column)
    return InText(_predicate(tokens), token.column)


def _predicate(tokens: Tokens) -> dict[str, Any]:
    word = tokens.take()
    group, _, rest = word.value.partition(".")
    if word.kind == "word" and group in ("primary", "secondary", "source", "company") and rest:
        return {"attribute": word.value, **_attribute_test(tokens)}
    if word.kind == "word" and group == "score":
        category = {"category": in_brackets(tokens)} if tokens.sees("(") else {}
        return {"score": rest or "total", **category, **_numbers(tokens)}
    if word.kind != "word" or word.value not in _HEADS:
        known = (*_HEADS, "score", "not", "primary.…", "secondary.…", "source.…", "company.…")
        is_activity = word.kind == "word" and word.value in list(ActivityType)
        raise word.wrong(
            Message("write `did {value}`", value=word.value) if is_activity else did_you_mean(word.value, known)
        )
    return _HEADS[word.value](tokens, word.value)


def _attribute_test(tokens: Tokens) -> dict[str, Any]:
    if tokens.accept("="):
        return {"equals": value_of(tokens)}
    if tokens.accept("in"):
        return {"any_of": list_of(tokens, lambda: value_of(tokens))}
    if tokens.accept("has"):
        tokens.expect("all")
        return {"all_of": list_of(tokens, lambda: value_of(tokens))}
    if tokens.accept("contains"):
        return {"contains": value_of(tokens)}
    if tokens.accept("is"):
        present = not tokens.accept("not")
        tokens.expect("present")
        return {"present": present}
    if tokens.sees(">=", "<") and _DATE.fullmatch(tokens.peek(1).value):
        names = {"at_least": "on_or_after", "less_than": "before"}
        return {names[name]: token.value for name, token in _range(tokens, _DATE, Message("a date such as 2027-03-31"))}
    return _numbers(tokens)


def _numbers(tokens: Tokens) -> dict[str, Any]:
    found = _range(tokens, _NUMBER, Message("a number such as 20"))
    return {
        name: int(token.value) if token.value.lstrip("-").isdigit() else float(token.value) for name, token in found
    }


_RANGE_EXPECTED = Message(
    "write one of `>=`, `<`, or both, `>= 20 and < 30`; of an attribute also `=`, `in (…)`, `has all (…)`, `contains`,"
    " `is present`"
)


def _range(tokens: Tokens, pattern: re.Pattern[str], what: str) -> list[tuple[str, Token]]:
    """`>= 20`, `< 30` or both with `and` between them."""
    found: dict[str, Token] = {}
    while True:
        mark, token = tokens.take(), tokens.take()
        name = {">=": "at_least", "<": "less_than"}.get(mark.value) if mark.kind == "mark" else None
        if name is None or name in found:
            raise mark.wrong(_RANGE_EXPECTED)
        if token.kind != "word" or not pattern.fullmatch(token.value):
            raise token.wrong(Message("write {what}", what=what))
        found[name] = token
        if not (tokens.sees("and") and tokens.sees(">=", "<", ">", "<=", ahead=1)):
            return list(found.items())
        tokens.take()


def _one_of(tokens: Tokens, head: str) -> dict[str, Any]:
    if tokens.accept("="):
        return {head: [value_of(tokens)]}
    tokens.expect("in")
    return {head: list_of(tokens, lambda: value_of(tokens))}


def _consent(tokens: Tokens, head: str) -> dict[str, Any]:
    topic = in_brackets(tokens)
    return {head: topic, **({"state": value_of(tokens)} if tokens.accept("=") else {})}


def _inactive(tokens: Tokens, _: str) -> dict[str, Any]:
    tokens.expect("for")
    return {"inactive_for_days": days_of(tokens)}


def _did(tokens: Tokens, _: str) -> dict[str, Any]:
    name = value_of(tokens)
    found: dict[str, Any] = {"activity": name}
    for key, value in list_of(tokens, lambda: _filter(tokens, name)) if tokens.sees("(") else ():
        found[key] = {**found.get(key, {}), **value} if key == "fields" else value
    while (token := tokens.peek()).kind == "word" and token.value not in RESERVED:
        name, number = _how_often(tokens)
        if name in found:
            raise token.wrong(Message("it is written twice"))
        found[name] = number
    return found


def _how_often(tokens: Tokens) -> tuple[str, int]:
    if tokens.accept("first"):
        tokens.expect("within")
        return "first_within_days", days_of(tokens)
    if tokens.accept("within"):
        return "within_days", days_of(tokens)
    if not tokens.peek().value.isdigit():
        raise tokens.peek().wrong(Message("write `2 times`, `within 7 days`, `first within 7 days`, `and` or `or`"))
    number = whole_number(tokens)
    tokens.expect("times", "time")
    return "times", number


def _filter(tokens: Tokens, activity: str) -> tuple[str, Any]:
    if tokens.accept("link"):
        tokens.expect("contains")
        return "link_contains", value_of(tokens)
    if tokens.accept("same"):
        return "same_key", value_of(tokens)
    name = tokens.take()
    if name.kind == "word" and name.value in FILTERS:
        tokens.expect("=")
        return name.value, value_of(tokens)
    # Of an activity of activities.yaml, and of an event of tracking.yaml, only the check of the whole playbook knows
    # the fields.
    own = next((one.attributes for one in ActivityType if one.value == activity != ActivityType.WEB_EVENT), None)
    if name.kind != "word" or (own is not None and name.value not in own):
        raise name.wrong(did_you_mean(name.value, dict.fromkeys((*FILTERS, *(own or ()), "link contains", "same"))))
    if tokens.accept("="):
        return "fields", {name.value: value_of(tokens)}
    return "fields", {name.value: _numbers(tokens)}


_HEADS: dict[str, Callable[[Tokens, str], dict[str, Any]]] = {
    "rank": _one_of,
    "phase": _one_of,
    "stage": _one_of,
    "weekday": _one_of,
    "consent": _consent,
    "segment": lambda tokens, head: {head: in_brackets(tokens)},
    "bucket": lambda tokens, head: {head: in_brackets(tokens), **_numbers(tokens)},
    "days_until": lambda tokens, _: {"attribute": in_brackets(tokens), "in_days": _numbers(tokens)},
    "blocked": lambda _, head: {head: True},
    "holiday": lambda _, head: {head: True},
    "inactive": _inactive,
    "did": _did,
}
