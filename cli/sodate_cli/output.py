"""How every `sodate` command prints and ends: tables for people, `--json` for programs, exit codes for shells."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

OK = 0
FAILED = 1
USAGE = 2
NOT_RUNNING = 3
NOT_FOUND = 4

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]

_console = Console()
_errors = Console(stderr=True)


def show_json(document: Any) -> None:
    """One JSON document on standard output, readable Japanese included."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for people; values are printed literally, never as rich markup."""
    table = Table(title=Text(title, style="bold"), title_justify="left", header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    _console.print(table)


def show_fields(title: str, fields: Mapping[str, object]) -> None:
    """Name and value pairs for people."""
    show_table(title, ("", ""), [(name, value) for name, value in fields.items()])


def show(table: Table) -> None:
    """A table that a command made itself."""
    _console.print(table)


def say(text: str) -> None:
    """One line for people, on standard error, so that `--json` output stays a document."""
    _errors.print(plain(text), markup=False, highlight=False)


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
    with _errors.status(plain(text)):
        yield


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what went wrong and what to do next, then end with `code`."""
    _errors.print(f"sodate: {message}", markup=False, highlight=False, style="red")
    raise typer.Exit(code)


def plain(value: object) -> str:
    """Without control characters, so that no value of the table moves the cursor of a terminal."""
    text = "" if value is None else str(value)
    return "".join(character for character in text if character.isprintable() or character == "\n")
