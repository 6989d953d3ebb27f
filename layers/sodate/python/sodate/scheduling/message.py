"""Messages of the queues and of the due index: frozen dataclasses, told apart by `what`, with a version `v`.

Each room defines its messages beside the use case that owns them, each with one `parse` and one `to_message`, and lists
them in a `MessageTypes`. A release must be able to read what the release before and after it writes, so `what`, `v` and
the meaning of a key never change; a parser ignores keys that it does not know.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sodate.errors import Invalid

M = TypeVar("M")
Parser = Callable[[Mapping[str, Any]], M]


class Message(Protocol):
    @property
    def what(self) -> str:
        """The kind of message, as it is stored."""

    def to_message(self) -> dict[str, Any]:
        """The stored form: JSON values only, no personal data."""


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message in its stored form: one that is put back unchanged, or that this release cannot parse."""

    content: Mapping[str, Any]

    @property
    def what(self) -> str:
        return str(self.content.get("what"))

    def to_message(self) -> dict[str, Any]:
        return dict(self.content)


@dataclass(frozen=True, slots=True)
class MessageTypes(Generic[M]):
    """The messages that one queue or lane has. `name` and `kinds`: for the reasons of errors. `parsers`: by `what`."""

    name: str
    kinds: str
    parsers: Mapping[str, Parser[M]]
    versions: tuple[int, ...] = (1,)

    def parse(self, message: object) -> M:
        """Raises: `Invalid` with the reason that is shown in the dead-letter queue."""
        if not isinstance(message, Mapping) or message.get("v") not in self.versions:
            raise Invalid(f"not a {self.name} of version {' or '.join(map(str, self.versions))}", "message")
        what = message.get("what")
        parser = self.parsers.get(what) if isinstance(what, str) else None
        if parser is None:
            raise Invalid(f"a {self.name} must be {self.kinds}, not {str(what)[:40]!r}", "message")
        try:
            return parser(message)
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise Invalid(f"not a message of {what}: {error!r}", "message") from error

    def parse_body(self, body: str) -> M:
        """Parse the body of a queue message. Raises: `Invalid`, as `parse`."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Invalid(f"the {self.name} is not JSON", "message") from error
        return self.parse(message)

    def parse_bodies(self, bodies: Iterable[str]) -> dict[str, M]:
        """By body. Those that cannot be parsed are left out."""
        messages = {}
        for body in bodies:
            with suppress(Invalid):
                messages[body] = self.parse_body(body)
        return messages
