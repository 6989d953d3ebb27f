"""The words of the report: one file per language in the folder `languages`. A further language is one more file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Catalog:
    """The words of one language. `words`: section → key → text."""

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


def languages() -> tuple[str, ...]:
    """The codes of every language that has a file, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


@cache
def catalog(language: str) -> Catalog:
    """Raises: `ValueError` for a language that has no file."""
    if language not in languages():
        raise ValueError(f"the report has no language {language!r}; it has {', '.join(languages())}")
    return Catalog(language, tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))


def shown(value: Any) -> str:
    """A figure as people read it: `12,345`, `3.5`, a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)
