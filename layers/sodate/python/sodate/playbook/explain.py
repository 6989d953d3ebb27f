"""Translates pydantic errors into messages for authors of playbooks."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sodate.playbook.problem import Problem, did_you_mean
from sodate.playbook.yamlfile import Lines, Path, as_written, dotted

_WORDS = {
    "string_type": ("must be text", 'put it in quotes, e.g. "100"'),
    "int_type": ("must be a whole number", "write digits without quotes"),
    "int_parsing": ("must be a whole number", "write digits only"),
    "int_from_float": ("must be a whole number", "no decimal point here"),
    "float_type": ("must be a number", "write digits only"),
    "float_parsing": ("must be a number", "write digits only"),
    "bool_type": ("must be true or false", "write `true` or `false`"),
    "bool_parsing": ("must be true or false", "write `true` or `false`"),
    "tuple_type": ("must be a list", "begin each entry with `- ` on a line of its own"),
    "model_type": ("must be keys and values", "write `key: value` lines, indented below"),
    "model_attributes_type": ("must be keys and values", "write `key: value` lines, indented below"),
    "string_unicode": ("is not readable text", "save the file as UTF-8"),
}
#: Explanations of our own regular expressions.
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,59}$": "lower-case letters, digits and hyphens, 60 at most, e.g. `request-materials`",
    r"^[a-z][a-z0-9_]{0,39}$": "a lower-case letter, then letters, digits and `_`, 40 at most, e.g. `start_date`",
    r"^(primary|secondary)\.[a-z][a-z0-9_]{0,39}$": "write `primary.<name>` or `secondary.<name>`",
    r"^(primary|secondary|source)\.[a-z][a-z0-9_]{0,39}$": "`primary.<name>`, `secondary.<name>` or `source.<name>`",
    r"^((primary|secondary|source)\.[a-z][a-z0-9_]{0,39}|company\.(name|industry|region|employees))$": (
        "`primary.<name>`, `secondary.<name>`, `source.<name>`, or `company.` with name, industry, region or employees"
    ),
    r"^/[^*]*(\*[^*]*){0,2}$": "begin with `/`, and use `*` twice at most: `/pricing/*`",
    r"^[ABC][123]$": "write a rank from A1 to C3",
    r"^(email|external_id|created|updated|(primary|secondary|source)\.[a-z][a-z0-9_]{0,39})$": (
        "write `email`, `external_id`, `created`, `updated`, or `primary.<name>`, `secondary.<name>`, `source.<name>`"
    ),
    r"^https?://[a-z0-9.-]+(:\d{1,5})?$": "scheme and host only, no path or final slash: `https://www.example.jp`",
    r"^https?://[^\s\x00-\x1f\\]+$": "write a full address: `https://www.example.jp/thanks`",
    r"^([01]\d|2[0-3]):[0-5]\d$": "write hours and minutes: `10:00`",
    r"^[A-Z]{2}$": "write the country code: `JP`",
    r"^[^\r\n]+$": "one line only",
    r"^[!-9;-?A-~]+@[a-z0-9.-]+$": "write an ASCII mail address, its domain in lower case: `info@example.jp`",
}


#: List that has too many entries → what to write instead.
_FEWER: dict[str | int | None, str] = {
    "any": "write `any_of` for the values of one attribute, or put some into an `any` inside it",
    "all": "write `all_of` for the values of one list, or put some into an `all` inside it",
}
#: Keys that hold a condition or a wait.
_TAGGED = ("when", "needs", "falls_back_when", "not", "wait", "timeout", "due")


def problems_of(error: ValidationError, model: type[BaseModel], file: str, data: Any, lines: Lines) -> list[Problem]:
    problems = []
    details = error.errors(include_url=False)
    inside = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inside:
            continue  # pydantic counts entries without the wrong ones
        path: Path = _written(tuple(detail["loc"]))
        message, hint, path = _say(detail, path, model, data)
        path, message = in_place(data, path, message)
        problems.append(Problem(file, line_of(lines, path), dotted(path), message, hint))
    return problems


def in_place(data: Any, path: Path, message: str) -> tuple[Path, str]:
    """`path` as far as it is written, and `message` with the column when the rest of it is in a text."""
    path, column = as_written(data, path)
    return path, message if column is None else f"column {column}: {message}"


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
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return f"`{path[-1]}` is missing", "add it", path
    if kind == "extra_forbidden":
        known = keys_at(model, path[:-1])
        return f"unknown key `{path[-1]}`", did_you_mean(str(path[-1]), known, "remove it"), path
    if kind == "value_error":
        error = context.get("error")
        message = str(error or detail["msg"])
        return message, getattr(error, "hint", ""), _blame(message, path, _at(data, path))
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        return f"`{_short(detail['input'])}` is not possible here", did_you_mean(str(detail["input"]), allowed), path
    if kind == "string_pattern_mismatch":
        hint = _PATTERNS.get(str(context.get("pattern")), f"it must match {context.get('pattern')}")
        return f"`{_short(detail['input'])}` is not written as it must be", hint, path
    message, hint = _WORDS.get(kind, ("", ""))
    if message:
        return f"{message}, this is {_kind_of(detail['input'])}", hint, path
    hint = _FEWER.get(path[-1] if path else None, "") if kind == "too_long" else ""
    return _limits(kind, context) or detail["msg"], hint, path


def _limits(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must be at most {context['max_length']} characters"
        case "too_short":
            return f"needs at least {context['min_length']} entries"
        case "too_long":
            return f"must have at most {context['max_length']} entries, it has {context['actual_length']}"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "less_than_equal":
            return f"must be {context['le']} or less"
    return ""


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


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _kind_of(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list | tuple):
        return "a list"
    return f"`{_short(value)}`"
