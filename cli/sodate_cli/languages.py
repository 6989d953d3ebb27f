"""In which language the command line speaks, and the catalogs behind it.

A catalog is `catalogs/<language>.po` in gettext's format; its entries are the English templates of messages
(`sodate.messages`), the literals that `output` prints, and the help texts. A further language is one more file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sodate.messages import said

ENGLISH = "en"
OPTION, VARIABLE = "--language", "SODATE_LANGUAGE"
#: In the order in which POSIX reads them.
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_FOLDER = Path(__file__).parent / "catalogs"


def languages() -> tuple[str, ...]:
    """English, which needs no catalog, and each language that has one."""
    return (ENGLISH, *sorted(file.stem for file in _FOLDER.glob("*.po")))


def chosen(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The option, else SODATE_LANGUAGE, else the locale, else English; what is not known counts as not given.

    Click itself refuses an unknown value of the option or of SODATE_LANGUAGE afterwards.
    """
    wanted = [_option(arguments), environment.get(VARIABLE, ""), _locale(environment)]
    return next((language for language in wanted if language in languages()), ENGLISH)


def _option(arguments: Sequence[str]) -> str:
    """Of the options that stand before the first command."""
    for number, argument in enumerate(arguments):
        if not argument.startswith("-"):
            return ""
        name, _, value = argument.partition("=")
        if name == OPTION:
            return value or next(iter(arguments[number + 1 : number + 2]), "")
    return ""


def _locale(environment: Mapping[str, str]) -> str:
    """`ja_JP.UTF-8` → `ja`."""
    value = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return value.replace(".", "_").partition("_")[0].lower()


@dataclass(frozen=True)
class Catalog:
    """English template → the same in `language`."""

    language: str
    entries: Mapping[str, str]

    def lookup(self, template: str) -> str:
        return self.entries.get(template) or template


@lru_cache
def catalog(language: str) -> Catalog:
    """Read once per process, and not at all for English, so that Babel is imported only where it is needed."""
    if language == ENGLISH:
        return Catalog(ENGLISH, {})
    from babel.messages.pofile import read_po

    with (_FOLDER / f"{language}.po").open("rb") as file:
        entries = read_po(file, locale=language, charset="utf-8", abort_invalid=True)
    return Catalog(language, {str(entry.id): str(entry.string) for entry in entries if entry.id})


#: Of the command that runs; set and reset by `speaking`.
_spoken: ContextVar[str] = ContextVar("language of the command line", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything that is printed inside is in `language`."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    return _spoken.get()


def say_in(language: str, text: str) -> str:
    """A message, its values included, or a literal, in `language`; what no catalog knows stays English."""
    known = catalog(language)
    return said(text, known.lookup) if hasattr(text, "template") else known.lookup(text)


def words(text: str) -> str:
    """`text` in the language of the command that runs."""
    return text if spoken() == ENGLISH else say_in(spoken(), text)
