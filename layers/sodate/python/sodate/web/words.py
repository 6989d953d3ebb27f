"""The words of a report in one language: a folder has one file per language. A further language is one more file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sodate.messages import Message


@dataclass(frozen=True)
class Words:
    """`words`: section → key → text."""

    language: str
    words: Mapping[str, Mapping[str, str]]

    def text(self, section: str, key: str, **values: object) -> str:
        """Numbers get thousands separators."""
        return self.words[section][key].format(**{name: shown(value) for name, value in values.items()})

    def label(self, section: str, code: str) -> str:
        """`cap:day` → the words of `cap`, and `day` in brackets; a code without words stays as it is."""
        kind, _, detail = code.partition(":")
        words = self.words[section].get(kind)
        if words is None:
            return code
        return f"{words} ({detail})" if detail else words


def languages_in(folder: Path) -> tuple[str, ...]:
    """The codes of every language that has a file, in alphabetical order."""
    return tuple(sorted(file.stem for file in folder.glob("*.toml")))


@cache
def load_words(folder: Path, language: str) -> Words:
    """Raises: `ValueError` for a language that has no file."""
    if language not in languages_in(folder):
        raise ValueError(
            Message(
                "the report has no language {language!r}; it has {known}",
                language=language,
                known=", ".join(languages_in(folder)),
            )
        )
    return Words(language, tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8")))


def shown(value: Any) -> str:
    """A figure as people read it: `12,345`, `3.5`, a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)
