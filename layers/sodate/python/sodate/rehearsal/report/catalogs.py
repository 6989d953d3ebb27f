"""The words of the report: one file per language in the folder `languages`. A further language is one more file."""

from pathlib import Path

from sodate.web.words import Words, languages_in, load_words
from sodate.web.words import shown as shown

_FOLDER = Path(__file__).parent / "languages"

Catalog = Words


def languages() -> tuple[str, ...]:
    """The codes of every language that has a file, in alphabetical order."""
    return languages_in(_FOLDER)


def catalog(language: str) -> Catalog:
    """Raises: `ValueError` for a language that has no file."""
    return load_words(_FOLDER, language)
