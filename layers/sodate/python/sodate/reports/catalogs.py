"""The words of the reports: one file per language in the folder `languages`. A further language is one more file."""

from pathlib import Path

from sodate.web.words import Words, languages_in, load_words

_FOLDER = Path(__file__).parent / "languages"


def languages() -> tuple[str, ...]:
    """The codes of every language that has a file, in alphabetical order."""
    return languages_in(_FOLDER)


def words_in(language: str) -> Words:
    """Raises: `ValueError` for a language that has no file."""
    return load_words(_FOLDER, language)
