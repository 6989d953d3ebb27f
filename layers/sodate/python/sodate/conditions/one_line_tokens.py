"""The words, marks and quoted texts of a condition on one line, and the small parts that many tests have."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from sodate.messages import Message

#: Not a value unless in quotes.
RESERVED = ("and", "or", "not")
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|“[^”]*”|「[^」]*」)|(?P<word>[\w.-]+)|(?P<mark>>=|<=|!=|[=<>(),])""",
    re.DOTALL,
)


class OneLineError(ValueError):
    """`column` counts the characters of the text from 1."""

    def __init__(self, column: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.column, self.message, self.hint = column, message, hint


class Token(NamedTuple):
    kind: Literal["text", "word", "mark", "end"]
    value: str
    column: int

    def wrong(self, hint: str) -> OneLineError:
        here = (
            Message("the text ends too early")
            if self.kind == "end"
            else Message("`{value}` does not fit here", value=self.value[:60])
        )
        return OneLineError(self.column, here, hint)


class Tokens:
    def __init__(self, text: str) -> None:
        self._all = list(_scan(text))
        self._at = 0

    def peek(self, ahead: int = 0) -> Token:
        return self._all[min(self._at + ahead, len(self._all) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self._at += 1
        return token

    def sees(self, *values: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind in ("word", "mark") and token.value in values

    def accept(self, *values: str) -> Token | None:
        return self.take() if self.sees(*values) else None

    def expect(self, *values: str) -> Token:
        if not self.sees(*values):
            raise self.peek().wrong(Message("write `{values}` here", values=values[0]))
        return self.take()


def value_of(tokens: Tokens) -> str:
    token = tokens.take()
    if token.value == "=" and token.kind == "mark":
        raise token.wrong(Message("write one `=`"))
    if token.kind not in ("text", "word") or (token.kind == "word" and token.value in RESERVED):
        raise token.wrong(Message('write a value; text in quotes: "…"'))
    return token.value


def list_of(tokens: Tokens, part: Callable[[], Any]) -> list[Any]:
    tokens.expect("(")
    parts = [part()]
    while tokens.accept(","):
        parts.append(part())
    tokens.expect(")")
    return parts


def in_brackets(tokens: Tokens) -> str:
    tokens.expect("(")
    name = value_of(tokens)
    tokens.expect(")")
    return name


def days_of(tokens: Tokens) -> int:
    number = whole_number(tokens)
    tokens.expect("days", "day")
    return number


def whole_number(tokens: Tokens) -> int:
    token = tokens.take()
    if token.kind != "word" or not re.fullmatch("[0-9]{1,9}", token.value):
        raise token.wrong(Message("write a whole number"))
    return int(token.value)


def _scan(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            half = unicodedata.normalize("NFKC", text[at])
            if half != text[at] and _TOKEN.match(half):
                message = Message("`{text}` is full-width", text=text[at])
                raise OneLineError(at + 1, message, Message("write it half-width: `{half}`", half=half))
            quoted = text[at] in "\"'“「"
            hint = (
                Message("end the quoted text with the same kind of quote")
                if quoted
                else Message('put values in quotes: "…"')
            )
            raise OneLineError(at + 1, Message("`{text}` begins nothing that is known", text=text[at]), hint)
        kind, value = str(match.lastgroup), match.group()
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value[0] in "\"'" else value[1:-1]
        yield Token(kind, value, at + 1)  # type: ignore[arg-type]  # the names of the groups
        at = match.end()
    yield Token("end", "", len(text) + 1)
