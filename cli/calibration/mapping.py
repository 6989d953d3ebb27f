"""The part of the import's `mapping.yaml` that calibration needs: attribute of each column, meaning of its cells."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sodate.errors import Invalid
from sodate.leads.text import fold, one_line

#: Cells that mean "not given" in files without a mapping.
NOT_GIVEN = ("", "select")
YES = ("yes", "y", "true", "1", "on", "はい", "有", "あり", "○", "同意する")
NO = ("no", "n", "false", "0", "off", "いいえ", "無", "なし", "×")


@dataclass(frozen=True)
class Named:
    """A column that is an attribute. `words`: folded cell → value in the profile."""

    name: str
    path: str
    not_given: tuple[str, ...] = NOT_GIVEN
    words: Map[str, str] = field(default_factory=dict)

    def value(self, cell: str) -> str:
        """Empty for what means "not given"."""
        text = one_line(cell)
        folded = fold(text)
        return "" if folded in self.not_given else self.words.get(folded, text)


@dataclass(frozen=True)
class Mapping:
    columns: dict[str, Named]


def read_mapping(path: Path) -> Mapping:
    """Read a mapping; only the importer validates it completely.

    Raises: `Invalid` for a file that is not a mapping.
    """
    from sodate.playbook.yamlfile import parse

    try:
        read = parse(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"cannot read {path}: {error}") from error
    if read.problems:
        raise Invalid(f"{path} line {read.problems[0].line}: {read.problems[0].message}")
    columns = read.data.get("columns") if isinstance(read.data, dict) else None
    if not isinstance(columns, dict) or not columns:
        raise Invalid(f"{path}: a mapping has `columns`, from the file's column to `secondary.<name>` and so on")
    not_given = _folded(read.data.get("not_given")) or NOT_GIVEN
    named = {str(name): _named(path, str(name), column, not_given) for name, column in columns.items()}
    return Mapping({name: column for name, column in named.items() if column is not None})


def _named(path: Path, name: str, column: Any, not_given: tuple[str, ...]) -> Named | None:
    body = {"to": column} if isinstance(column, str) else column
    if not isinstance(body, dict) or not isinstance(body.get("to"), str):
        raise Invalid(f"{path}: `columns.{name}` says no `to`")
    if "." not in body["to"] or body.get("type") == "date":
        return None  # who it is and since when: nothing to learn from
    own = _folded(body.get("not_given"))
    return Named(name, body["to"], tuple({"", *(own or not_given)}), _words(body))


def _words(body: dict[str, Any]) -> dict[str, str]:
    if body.get("type") == "bool":  # the profile holds true or false, which rules compare as text
        pairs = (("True", body.get("yes") or YES), ("False", body.get("no") or NO))
        return {fold(str(word)): meaning for meaning, words in pairs for word in words}
    choices = body.get("choices")
    return {fold(str(cell)): str(stored) for cell, stored in choices.items()} if isinstance(choices, dict) else {}


def _folded(words: Any) -> tuple[str, ...]:
    return tuple(fold(str(word)) for word in words) if isinstance(words, list) else ()
