"""The root command: chooses the language, and puts help texts and usage errors into it."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from sodate.messages import Message
from typer.core import TyperGroup

from sodate_cli import languages
from sodate_cli.languages import words

#: What Typer says of a wrong call → the same with named parts; the first that fits.
_USAGE = (
    (r"Missing (argument|option|parameter) (?P<name>.+?)\.(?P<more>.*)", Message("{name} is missing.{more}")),
    (r"No such option: (?P<name>\S+)(?P<more>.*)", Message("there is no option {name}{more}")),
    (r"No such command '(?P<name>.+?)'\.(?P<more>.*)", Message("there is no command `{name}`.{more}")),
    (r"Missing command\.", Message("name a command.")),
    (r"Got unexpected extra arguments? \((?P<more>.+)\)", Message("too much was given: {more}")),
    (r"Option '?(?P<name>[^' ]+)'? requires an argument\.", Message("{name} needs a value.")),
    (r"Invalid value for (?P<name>.+?): (?P<more>.+)", Message("{name}: this value is not possible: {more}")),
    (r"Invalid value: (?P<more>.+)", Message("this value is not possible: {more}")),
)

EXAMPLE = "Example:"


class Root(TyperGroup):
    """`main` is where both the script and the tests begin."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **extra: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        with languages.speaking(languages.chosen(arguments, os.environ)):
            if languages.spoken() != languages.ENGLISH:
                translate_help(self)
            return super().main(arguments, *more, **extra)

    def make_context(self, *given: Any, **extra: Any) -> Any:
        with _usage_in_words():
            return super().make_context(*given, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _usage_in_words():
            return super().invoke(ctx)


def translate_help(command: Any) -> None:
    """Help texts of the command, its options and everything below, in place: each call builds its own tree."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = "\n\n".join(_paragraph(text) for text in paragraphs(part.help))
    for part in command.params:
        is_option = part.param_type_name == "option"
        part.rich_help_panel = words("Options") if is_option else words("Arguments")
    command.rich_help_panel = words("Commands")
    for inner in getattr(command, "commands", {}).values():
        translate_help(inner)


def paragraphs(text: str) -> list[str]:
    """Of a help text, each on one line; each is an entry of the catalogs but those that begin with `EXAMPLE`."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]


def _paragraph(text: str) -> str:
    if text.startswith(EXAMPLE):
        return f"{words(EXAMPLE)} {text.removeprefix(EXAMPLE).strip()}"
    return words(text)


class _Said(typer.BadParameter):
    """A usage error that is in words already."""

    def format_message(self) -> str:
        return self.message


@contextmanager
def _usage_in_words() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        text = getattr(error, "format_message", lambda: "")()
        said = _usage(text)
        if languages.spoken() == languages.ENGLISH or not said or isinstance(error, _Said):
            raise
        raise _Said(said, ctx=getattr(error, "ctx", None)) from None


def _usage(text: str) -> str:
    for pattern, message in _USAGE:
        if match := re.fullmatch(pattern, text, re.DOTALL):
            return words(Message(message.template, **match.groupdict()))
    return ""
