"""Parses YAML to plain data with line numbers, safely for any input text.

Only the core schema of YAML 1.2 is supported, so `on:` stays a key, `no` a word and `10:00` a time of day (YAML 1.1,
PyYAML's default, reads them as true, false and 600). Size, nesting and alias expansion are bounded before anything is
built; the bounds are far above any real playbook.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from sodate.messages import Message
from sodate.playbook.problem import Problem
from sodate.playbook.yaml_errors import unreadable

MAX_NODES = 20_000
MAX_DEPTH = 30
Path = tuple[str | int, ...]
Lines = dict[Path, int]

_INT = re.compile(r"[-+]?(0|[1-9]\d{0,14})")
_FLOAT = re.compile(r"[-+]?((0|[1-9]\d*)\.\d*|\.\d+)([eE][-+]?\d{1,3})?")
_SURROGATE = re.compile("[\ud800-\udfff]")


class InText(dict[str, Any]):
    """Data that an author wrote as one text, a condition on one line. `column` counts the text's characters from 1."""

    def __init__(self, data: dict[str, Any], column: int) -> None:
        super().__init__(data)
        self.column = column


class _Loader(yaml.SafeLoader):
    """Only composes nodes and never constructs objects; `_Builder` resolves plain scalars."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the shape PyYAML wants


@dataclass
class Read:
    """`lines[path]` is the line of the key (or list item) at that path; `lines[()]` is where the document starts."""

    data: Any
    lines: Lines
    problems: list[Problem] = field(default_factory=list)


def parse(file: str, text: str) -> Read:
    """Parse `text`. Never raises: every error becomes a `Problem`."""
    try:
        too_much = _bounds(file, text)
        if too_much:
            return Read(None, {(): too_much.line}, [too_much])
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        found = unreadable(error, text)
        problems = [Problem(file, one.line, one.key, one.message, one.hint, rule="yaml") for one in found]
        return Read(None, {(): found[0].line}, problems)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return _rejected(
            file,
            line,
            Message("a character that YAML does not allow ({codepoint})", codepoint=_codepoint(error.character)),
            Message("delete it"),
        )
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError) as error:
        hint = Message("check quotes, brackets and indentation: {error}", error=str(error)[:120])
        return _rejected(file, 1, Message("this is not readable YAML"), hint)
    if node is None:
        return _rejected(file, 1, Message("the file is empty"), Message("write its keys, see docs/playbook.md"))
    builder = _Builder(file)
    data = builder.build(node, (), 0)
    return Read(data, builder.lines, builder.problems)


def _codepoint(character: object) -> str:
    return f"U+{character if isinstance(character, int) else ord(str(character)[:1]):04X}"


def _rejected(file: str, line: int, message: str, hint: str) -> Read:
    return Read(None, {(): line}, [Problem(file, line, "", message, hint, rule="yaml")])


def _bounds(file: str, text: str) -> Problem | None:
    """Counts events before composing, because PyYAML composes by recursion."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_NODES:
            what = (
                Message("nested more than {max_depth} deep", max_depth=MAX_DEPTH)
                if depth > MAX_DEPTH
                else Message("more than {max_nodes} values", max_nodes=MAX_NODES)
            )
            return Problem(
                file,
                event.start_mark.line + 1 if event.start_mark else 1,
                "",
                what,
                Message("split it or simplify it"),
                rule="yaml",
            )
    return None


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: Lines = {}
        self.problems: list[Problem] = []
        self.count = 0

    def build(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self.count += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            if not any(p.rule == "yaml-alias" for p in self.problems):
                self._problem(
                    node,
                    path,
                    Message("its aliases (`*name`) expand to too much"),
                    Message("write the values out"),
                    "yaml-alias",
                )
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, index), depth + 1) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(
                    key_node,
                    path,
                    Message("a key must be a word"),
                    Message("put text that begins with [ or { in quotes"),
                )
                continue
            key = _SURROGATE.sub("�", key_node.value)
            if key in first:
                message = Message("`{key}` is written twice (first in line {first})", key=key, first=first[key])
                self._problem(key_node, (*path, key), message, Message("keep one of them"), "yaml-duplicate-key")
                continue
            first[key] = line
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key), depth + 1)
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> str | int | float | bool | None:
        value: str = node.value
        if node.tag not in (None, "tag:yaml.org,2002:str", "!"):
            self._problem(
                node,
                path,
                Message("YAML tags such as `{tag}` are not used here", tag=node.tag),
                Message("remove the tag"),
            )
        if _SURROGATE.search(value):
            self._problem(
                node, path, Message("half of a character (a lone surrogate)"), Message("type the character itself")
            )
            return None
        return value if getattr(node, "style", None) else self._plain(node, value, path)

    def _plain(self, node: yaml.Node, value: str, path: Path) -> str | int | float | bool | None:
        if value in ("", "~", "null"):
            return None
        if value in ("true", "false"):
            return value == "true"
        if _INT.fullmatch(value):
            return int(value)
        if _FLOAT.fullmatch(value) and math.isfinite(float(value)):
            return float(value)
        return value

    def _problem(self, node: yaml.Node, path: Path, message: str, hint: str, rule: str = "yaml") -> None:
        line = node.start_mark.line + 1
        self.problems.append(Problem(self.file, line, dotted(path), message, hint, rule=rule))


def as_written(data: Any, path: Path) -> tuple[Path, int | None]:
    """`path` as far as it is written as keys; and, when it goes on inside a text, the column there."""
    column, whole = None, path
    for depth, part in enumerate(path):
        if isinstance(data, InText):
            whole, column = (path[:depth] if column is None else whole), data.column
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return whole, column
    if isinstance(data, InText):
        column = data.column
    return whole, column


def dotted(path: Path) -> str:
    """`("fields", 2, "type")` as written in messages: `fields[2].type`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text
