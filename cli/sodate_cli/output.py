"""How every `sodate` command prints and ends: tables for people, `--json` for programs, exit codes for shells.

What is for people is in the language of the command (`languages`): messages, and the literals of titles, columns and
sentences, which the catalogs have too. JSON is in English.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sodate.messages import Message

from sodate_cli.languages import words

OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
NOT_FOUND = 4

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]

#: Of the terminal, in columns, with `--wide`: no text is folded.
_WIDE = 4_000
#: Columns for texts beside ids that fill the terminal alone.
_FOR_TEXTS = 40
#: Padding and border of a cell.
_BESIDE_A_CELL = 3
_WORD = re.compile(r"[!-~]+")
_wide: ContextVar[bool] = ContextVar("wide", default=False)

_console = Console()
_errors = Console(stderr=True)


def show_json(document: Any) -> None:
    """One JSON document on standard output, readable Japanese included."""
    print(json_text(document))


def json_text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, default=str)


def show_done(document: Any, sentence: str, *, as_json: bool) -> None:
    """What a command did: the document for programs, the sentence for people."""
    if as_json:
        show_json(document)
    else:
        say(sentence)


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, nothing: str | None = None
) -> None:
    """A table for people; without rows, the sentence `nothing`. Long texts are folded, never cut.

    Ids, links and addresses are never broken: where they need it, the table is wider than the terminal. Values are
    printed literally, never as rich markup.
    """
    if not rows:
        _console.print(
            sentence(nothing or Message("{title}: none.", title=words(title))), markup=False, highlight=False
        )
        return
    table = Table(
        title=Text(words(title), style="bold"), title_justify="left", header_style="bold", show_header=any(columns)
    )
    texts = [[plain(cell) for cell in row] for row in rows]
    widths = [max(_longest_word(text) for text in column) for column in zip(columns, *texts, strict=True)]
    for column, width in zip(columns, widths, strict=True):
        table.add_column(words(column), overflow="fold", min_width=width)
    for row_of_texts in texts:
        table.add_row(*map(Text, row_of_texts))
    needed = sum(widths) + len(widths) * _BESIDE_A_CELL + 1
    if needed <= _console.width and not _wide.get():
        _console.print(table)
    else:
        width = _WIDE if _wide.get() else needed + _FOR_TEXTS
        Console(width=width).print(table, soft_wrap=True)


def widen(wide: bool) -> None:
    """`--wide`: from here on, tables are as wide as their texts."""
    _wide.set(wide)


def _longest_word(text: str) -> int:
    """Columns of the longest id, link or address: what a person copies. Japanese text may be broken anywhere."""
    return max(map(len, _WORD.findall(text)), default=0)


def show_fields(title: str, fields: Mapping[str, object]) -> None:
    """Name and value pairs for people; a dash for what has no value."""
    rows = [(words(name), plain(value) or "–") for name, value in fields.items()]
    show_table(title, ("", ""), rows, nothing=Message("{title}: nothing to show.", title=words(title)))


def show_letter(title: str, sections: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> None:
    """Text for people: each section has a heading, sentences and a list; lines wrap at the width of the terminal."""
    _console.print(Text(sentence(title), style="bold"))
    for heading, sentences, entries in sections:
        _console.print()
        if heading:
            _console.print(Text(sentence(heading), style="bold"))
        for line in sentences:
            _console.print(Text(sentence(line), overflow="fold"))
        if entries:
            grid = Table.grid(padding=(0, 1))
            grid.add_column()
            grid.add_column(overflow="fold")
            for entry in entries:
                grid.add_row("-", Text(sentence(entry)))
            _console.print(grid)


def show(table: Table) -> None:
    """A table that a command made itself."""
    _console.print(table)


def show_text(text: str) -> None:
    """Lines that are laid out already."""
    _console.print(Text(plain(text)), soft_wrap=True)


def say(text: str) -> None:
    """One line for people, on standard error, so that `--json` output stays a document.

    Lines are not wrapped: a link, an id or a path stays one word that can be copied.
    """
    _errors.print(sentence(text), markup=False, highlight=False, soft_wrap=True)


def errors() -> Console:
    """Where progress is shown."""
    return _errors


@contextmanager
def progress(text: str) -> Iterator[None]:
    """A spinner while something takes more than two seconds; one plain line when nobody watches."""
    if not _errors.is_terminal:
        say(text)
        yield
        return
    with _errors.status(sentence(text)):
        yield


def confirm(question: str, *, abort: bool = False, err: bool = False) -> bool:
    """Whether the person says yes. `err`: ask on standard error, so that a document on standard output stays one."""
    return typer.confirm(sentence(question), abort=abort, err=err)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what went wrong and what to do next, then end with `code`."""
    _errors.print(f"sodate: {sentence(message)}", markup=False, highlight=False, style="red", soft_wrap=True)
    raise typer.Exit(code)


def plain(value: object) -> str:
    """`in_words`, without control characters, so that no value of the table moves the cursor of a terminal."""
    return "".join(character for character in in_words(value) if character.isprintable() or character == "\n")


def sentence(text: str) -> str:
    """A text of ours, message or literal, in the language of the command; also without control characters."""
    return plain(words(text))


def in_words(value: object) -> str:
    """A value as people write it: `yes`, `a, b`, one `name: value` per line; nothing for None and what is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {_in_one_line(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_in_one_line(part) for part in value)
    return words(value) if isinstance(value, Message) else str(value)


def _in_one_line(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_one_line(part)}" for name, part in value.items())
    return in_words(value) or "–"
