"""YAML files that lie where nothing reads them, and where they belong: by name, by folder, or by their keys.

They are reported and read all the same, so that one wrong name does not make everything that refers to it wrong too.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from sodate.authoring.source import Source
from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import parse

Models = Mapping[str, type[BaseModel]]


def misplaced(source: Source, single: Models, many: Models) -> dict[str, str]:
    """Place at which a file should be → its name, for each place at which none is."""
    found: dict[str, str] = {}
    for name in source.listing():
        path = PurePosixPath(name)
        if path.suffix not in (".yaml", ".yml") or name in single or (path.parts[0] in many and len(path.parts) > 1):
            continue
        place = _by_name(path, single, many) or _by_keys(source, name, many)
        if place is not None and not (source.root / place).exists():
            found.setdefault(place, name)
    return found


def problem(name: str, place: str) -> Problem:
    """`place` is where the file `name` should be."""
    if PurePosixPath(name).with_suffix(".yaml").as_posix() == place:
        message, hint = Message("the name must end in `.yaml`"), Message("rename it to `{place}`", place=place)
    else:
        message, hint = Message("nothing reads a file of this place"), Message("move it to `{place}`", place=place)
    return Problem(name, 1, "", message, hint, rule="file-place")


def _by_name(path: PurePosixPath, single: Models, many: Models) -> str | None:
    name = path.with_suffix(".yaml").name
    if name in single:
        return name
    folder = get_close_matches(path.parts[0], many, n=1, cutoff=0.75) if len(path.parts) == 2 else []
    return f"{folder[0]}/{name}" if folder else None


def _by_keys(source: Source, name: str, many: Models) -> str | None:
    """The only folder whose files have all of these keys, and must have none that is missing."""
    text = source.peek(name)
    data = parse(name, text).data if text else None
    folders = [folder for folder, model in many.items() if _is_like(data, model)]
    return f"{folders[0]}/{PurePosixPath(name).stem}.yaml" if len(folders) == 1 else None


def _is_like(data: Any, model: type[BaseModel]) -> bool:
    return isinstance(data, dict) and set(data) <= set(_names(model)) and set(_required(model)) <= set(data)


def _names(model: type[BaseModel]) -> Iterator[str]:
    yield from (field.alias or name for name, field in model.model_fields.items())


def _required(model: type[BaseModel]) -> Iterator[str]:
    yield from (field.alias or name for name, field in model.model_fields.items() if field.is_required())
