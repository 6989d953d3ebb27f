"""Plain data of one file → its model. Conditions that are written on one line become trees first."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sodate.conditions.one_line_parser import parse_one_line
from sodate.conditions.one_line_tokens import OneLineError
from sodate.messages import Message
from sodate.playbook.explain import line_of, problems_of
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import Lines, Path, dotted

#: Keys whose value is a condition.
CONDITION_KEYS = ("when", "needs", "falls_back_when")
_PARTS = ("all", "any", "not")
M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], file: str, data: Any, lines: Lines) -> tuple[M | None, list[Problem]]:
    """The model of `data`, or what is wrong with it. Replaces texts of conditions in `data` by their trees."""
    unread = list(_read_texts(data, (), file, lines))
    try:
        return model.model_validate(data), unread
    except ValidationError as error:
        reported = {problem.field for problem in unread}
        return None, unread + [p for p in problems_of(error, model, file, data, lines) if p.field not in reported]


def _read_texts(data: Any, path: Path, file: str, lines: Lines, *, is_condition: bool = False) -> Iterator[Problem]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in list(pairs):
        here: Path = (*path, key)
        expected = key in CONDITION_KEYS or (is_condition and (isinstance(key, int) or key in _PARTS))
        if not (expected and isinstance(value, str)):
            yield from _read_texts(value, here, file, lines, is_condition=expected)
            continue
        try:
            data[key] = parse_one_line(value)
        except OneLineError as error:
            message = Message("column {column}: {message}", column=error.column, message=error.message)
            yield Problem(file, line_of(lines, here), dotted(here), message, error.hint, "condition-text")
