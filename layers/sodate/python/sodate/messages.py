"""Sentences for people that can be said in another language later. Pure.

A `Message` is its English text, so whatever prints, compares or serialises text goes on working. It remembers the
template and the values from which it was made: the command line looks the template up in a catalog
(`sodate_cli.languages`) and fills in the same values. Rooms never choose a language.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Self


class Message(str):
    """`Message("needs at least {count} entries", count=3)`.

    The template is English and has the form of `str.format`, with named fields only; without values it is taken as it
    is written, braces included. A value may be a `Message` itself. A template that is a literal is an entry of each
    catalog, which a test demands.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        message = super().__new__(cls, template.format_map(values) if values else str(template))
        message.template = str(template)
        message.values = values
        return message

    def __str__(self) -> "Message":
        """Itself, so that `str(error)` of an error that was raised with a message is still that message."""
        return self


#: Says a template in another language; the template itself when there is no translation.
Lookup = Callable[[str], str]


def joined(separator: str, parts: Iterable[object]) -> Message:
    """Texts and messages one after the other, each said in the reader's language; the separator stays."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    between = separator.replace("{", "{{").replace("}", "}}")
    return Message(between.join(f"{{{name}}}" for name in values), **values)


def said(text: str, lookup: Lookup) -> str:
    """`text` by the catalog behind `lookup`, its values included; any other text than a `Message` as it is.

    A translation whose fields do not fit the values falls back to English: a slip of a catalog hides no error.
    """
    if not isinstance(text, Message):
        return text
    values = {name: said(value, lookup) if isinstance(value, str) else value for name, value in text.values.items()}
    template = lookup(text.template)
    if not values:
        return template
    try:
        return template.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):
        return text.template.format_map(values)
