"""Message catalogs of the public pages: one file per language in this folder. A further language is one more file."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

#: Shown to readers of a language that has no file.
DEFAULT = "en"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Catalog:
    """The words of one language. `words` is the whole file: section → key → text."""

    language: str
    words: dict[str, Any]

    def section(self, name: str) -> dict[str, Any]:
        section: dict[str, Any] = self.words[name]
        return section

    def day(self, day: date) -> str:
        month_name = self.words["month_names"][day.month - 1]
        return str(self.words["day"].format(year=day.year, month=day.month, day=day.day, month_name=month_name))

    def sentences(self, lines: list[str]) -> str:
        return str(self.words["between_sentences"]).join(lines)


@cache
def languages() -> tuple[str, ...]:
    """The codes of every language that has a file, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def catalog(language: str) -> Catalog:
    """The words of this language, or of `DEFAULT` where there is no file for it."""
    return _read(language if language in languages() else DEFAULT)


def language_names() -> list[tuple[str, str]]:
    """Code and name of every language, as a reader chooses among them."""
    return [(code, str(_read(code).words["name"])) for code in languages()]


@cache
def _read(language: str) -> Catalog:
    return Catalog(language, tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))
