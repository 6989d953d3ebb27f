"""Translates pydantic errors into messages for authors of playbooks."""

import re
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.wrong_values import half_width, said
from sodate.playbook.yamlfile import Lines, Path, as_written, dotted

#: Keys that hold a condition or a wait.
_TAGGED = ("when", "needs", "falls_back_when", "not", "wait", "timeout", "due")


def problems_of(error: ValidationError, model: type[BaseModel], file: str, data: Any, lines: Lines) -> list[Problem]:
    problems = []
    details = error.errors(include_url=False)
    inside = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inside:
            continue  # pydantic counts entries without the wrong ones
        if _is_misspelt(detail, details):
            continue
        path: Path = _written(tuple(detail["loc"]))
        message, hint, path = _say(detail, path, model, data)
        path, message = in_place(data, path, message)
        problems.append(Problem(file, line_of(lines, path), dotted(path), message, hint))
    return problems


def in_place(data: Any, path: Path, message: str) -> tuple[Path, str]:
    """`path` as far as it is written, and `message` with the column when the rest of it is in a text."""
    path, column = as_written(data, path)
    return path, message if column is None else Message("column {column}: {message}", column=column, message=message)


def _written(path: Path) -> Path:
    """`path` without what pydantic inserts and the author did not write: kinds (tags of unions), marks of keys."""
    written: Path = ()
    is_kind = False
    for part in path:
        if isinstance(part, str) and (part.startswith("<") or part == "[key]"):
            continue
        if not is_kind:
            written = (*written, part)
        in_list = isinstance(part, int) and written[-2:-1] in (("all",), ("any",))
        is_kind = not is_kind and (part in _TAGGED or in_list)
    return written


def line_of(lines: Lines, path: Path) -> int:
    """The line of `path`, or of its nearest written ancestor."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _say(detail: ErrorDetails, path: Path, model: type[BaseModel], data: Any) -> tuple[str, str, Path]:
    if detail["type"] == "missing":
        return Message("`{key}` is missing", key=path[-1]), Message("add it"), path
    if detail["type"] == "extra_forbidden":
        return *_unknown(path, model, data), path
    if detail["type"] == "value_error":
        error = detail.get("ctx", {}).get("error")
        message = str(error) if error else Message(detail["msg"])
        inside = getattr(error, "path", ()) or _blame(message, (), _at(data, path))
        return message, getattr(error, "hint", ""), (*path, *inside)
    return *said(detail), path


def _unknown(path: Path, model: type[BaseModel], data: Any) -> tuple[str, str]:
    key, known, beside = str(path[-1]), keys_at(model, path[:-1]), _at(data, path[:-1])
    message, half = Message("unknown key `{key}`", key=key), half_width(key)
    if "：" in key and half.partition(":")[0].strip() in known:
        return message, Message("write a half-width `:` and a space after the key")
    if half != key and half in known:
        return message, Message("write it half-width: `{half}`", half=half)
    before = list(beside)[: list(beside).index(key)][-1:] if key.isdigit() and key in beside else []
    if before and isinstance(beside[before[0]], int):
        number = f"{beside[before[0]]}{key}"
        return message, Message("write the number of `{key}` without commas: `{number}`", key=before[0], number=number)
    return message, did_you_mean(key, known, Message("remove it"))


def _is_misspelt(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A key that is missing because another one, which is reported, was meant to be it."""
    if detail["type"] != "missing":
        return False
    *parents, key = detail["loc"]
    unknown = [one["loc"] for one in details if one["type"] == "extra_forbidden"]
    return any(
        [*other][:-1] == parents
        and (
            half_width(str(other[-1])).startswith(f"{key}:")
            or get_close_matches(half_width(str(other[-1])), [str(key)], n=1, cutoff=0.6)
        )
        for other in unknown
    )


def _blame(message: str, path: Path, value: Any) -> Path:
    """The path to blame in a rule over multiple keys: the value quoted in its message, or a key in backticks."""
    for quoted in re.findall(r"'([^']+)'", message):
        inside = _where(value, quoted)
        if inside:
            return (*path, *inside)
    if isinstance(value, dict):
        for word in re.findall(r"`([a-z_.]+)[:`]", message):
            parts = tuple(word.split("."))
            if parts[0] in value:
                return (*path, *parts) if isinstance(_at(value, parts), str | int | bool) else (*path, parts[0])
    return path


def _where(data: Any, wanted: str, depth: int = 0) -> Path | None:
    """The path of the text `wanted` inside `data`."""
    if data == wanted:
        return ()
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in pairs if depth < 4 else ():
        found = _where(inner, wanted, depth + 1)
        if found is not None:
            return (key, *found)
    return None


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """Keys allowed at `path` of a file that is validated by `model`."""
    here: set[type[BaseModel]] = {model}
    for part in path:
        if isinstance(part, str):
            here = {
                child
                for parent in here
                if part in parent.model_fields
                for child in _models_in(parent.model_fields[part].annotation)
            }
    return {name for one in here for name in one.model_fields}


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)}
