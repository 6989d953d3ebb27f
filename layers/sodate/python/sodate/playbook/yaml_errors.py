"""Why a text is no YAML, in the words of its author. Pure.

The parser names what it expected; people want to know what they typed. So each line near the place is looked at for
what goes wrong in practice: full-width marks of a Japanese keyboard, tabs, quotes and brackets left open, indentation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from sodate.messages import Message

#: A line as `key:` or `- key:`, and what follows.
_KEY = re.compile(r"^(?P<indent> *)(?:- +)*(?P<key>[\w.-]+)\s*[:：]")
_BLOCK_TEXT = re.compile(r"[:-] *[|>][-+0-9]*\s*$")
#: Lines above the place at which the parser gives up whose slip can be the reason.
_NEAR = 2


@dataclass(frozen=True)
class Unreadable:
    """`key` is empty when the line has none."""

    line: int
    key: str
    message: Message
    hint: Message


@dataclass(frozen=True)
class _Slip:
    pattern: re.Pattern[str]
    message: Message
    hint: Message


_SLIPS = (
    _Slip(re.compile(r"^ *\t"), Message("a tab is used for indentation"), Message("use spaces")),
    _Slip(
        re.compile(r"^\s*\u3000"),
        Message("a full-width space is used for indentation"),
        Message("use half-width spaces"),
    ),
    _Slip(
        re.compile(r"^\s*(- +)*[\w.-]+ *："),
        Message("a full-width colon `：` stands after the key"),
        Message("write a half-width `:` and a space after it"),
    ),
    _Slip(
        re.compile(r"^\s*(- +)*[\w.-]+:\u3000"),
        Message("a full-width space stands after the `:`"),
        Message("write a half-width space"),
    ),
    _Slip(
        re.compile(r"^\s*[ー－―–—・‐]\s*[\w.-]+\s*[:：]"),
        Message("the entry begins with a full-width mark"),
        Message("begin each entry with a half-width `- `"),
    ),
    _Slip(
        re.compile(r"^\s*(- +)*[A-Za-z_][\w-]*:[^\s/:\u3000]"),
        Message("there is no space after the `:`"),
        Message("write `key: value`, with a space"),
    ),
)


def unreadable(error: yaml.MarkedYAMLError, text: str) -> list[Unreadable]:
    """The reason, and each further line with the same slip: the author mends all of them at once."""
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    at = min(mark.line, max(len(lines) - 1, 0)) if mark else 0
    plain = list(_without_block_texts(lines))
    for number in range(at, max(at - _NEAR, 0) - 1, -1):
        slip = next((slip for slip in _SLIPS if number in plain and slip.pattern.search(lines[number])), None)
        if slip is not None:
            same = [one for one in plain if slip.pattern.search(lines[one])]
            return [_found(lines, one, slip.message, slip.hint) for one in same]
    return [_found(lines, *_reason(error, lines, at))]


def _found(lines: list[str], number: int, message: Message, hint: Message) -> Unreadable:
    match = _KEY.match(lines[number]) if number < len(lines) else None
    return Unreadable(number + 1, match["key"] if match else "", message, hint)


def _without_block_texts(lines: list[str]) -> Iterator[int]:
    """Indexes of the lines that are no comment and not inside of a `|` or `>` text."""
    inside: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" "))
        if inside is not None and (not line.strip() or indent > inside):
            continue
        inside = indent if _BLOCK_TEXT.search(line) else None
        if not line.lstrip().startswith("#"):
            yield number


def _reason(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> tuple[int, Message, Message]:
    line = lines[at] if lines else ""
    for reason in (_of_liquid, _of_first_character, _of_quotes, _of_brackets, _of_indentation, _of_documents):
        if found := reason(error, lines, at):
            return found
    problem = (error.problem or error.context or "").split("\n")[0]
    if "mapping values are not allowed" in problem and ":" in line:
        message = Message("a second `:` in this line, or the indentation is off")
        return at, message, Message("put text that holds `: ` in quotes")
    message = Message("this is not readable YAML: {problem}", problem=problem)
    return at, message, Message("check quotes, brackets and indentation here and just above")


_Reason = tuple[int, Message, Message] | None


def _of_liquid(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    """`subject: {{ … }} text`: a brace begins YAML's own notation."""
    for number in range(at, max(at - _NEAR, 0) - 1, -1):
        if number < len(lines) and (match := re.search(r"[:-] +(\{\{|\{%)", lines[number])):
            message = Message("a text that begins with `{mark}` is not in quotes", mark=match[1])
            return number, message, Message('put the whole text in quotes: "…"')
    return None


def _of_first_character(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    found = re.search(r"found character '(.+)' that cannot start any token", error.problem or "")
    mark = found[1] if found else ""
    if (error.context or "").startswith(("while scanning an alias", "while scanning an anchor")):
        mark = "*" if "alias" in (error.context or "") else "&"
    if "found undefined alias" in (error.problem or ""):
        mark = "*"
    if not mark or mark == "\\t":
        return None
    message = Message("a text that begins with `{mark}` is not in quotes", mark=mark)
    return at, message, Message('put the whole text in quotes: "…"')


def _of_quotes(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    """A quote left open swallows the lines up to the next quote; the parser stumbles over what follows that."""
    stumbled = any(word in (error.problem or "") for word in ("'<scalar>'", "mapping values", "flow", "but got"))
    stumbled = stumbled or "quoted scalar" in (error.context or "")
    for number, line in enumerate(lines[: at + 1] if stumbled else ()):
        bare = re.sub(r"\\.", "", line)
        opened = re.search(r"""(?:[:,\[{-]|^)\s*(["'])""", bare)
        if opened and bare.count(opened[1]) % 2:
            message = Message("a quote {mark} is opened and not closed", mark=opened[1])
            return number, message, Message("close it at the end of the text")
    return None


def _of_brackets(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    kind = re.search(r"while parsing a flow (sequence|mapping)", error.context or "")
    if kind is None or error.context_mark is None:
        return None
    opens, closes = ("[", "]") if kind[1] == "sequence" else ("{", "}")
    message = Message("`{opens}` is opened and not closed, or a comma is missing", opens=opens)
    return error.context_mark.line, message, Message("write `{closes}` at its end", closes=closes)


def _of_indentation(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    problem, here = error.problem or "", _KEY.match(lines[at]) if at < len(lines) else None
    above = next((match for number in range(at - 1, -1, -1) if (match := _KEY.match(lines[number]))), None)
    if "could not find expected ':'" in problem and error.context_mark is not None:
        return error.context_mark.line, Message("a key without `:`"), Message("write `key: value`")
    shifted = "but found '<block mapping start>'" in problem or "but found '<block sequence start>'" in problem
    if "mapping values are not allowed" in problem and here and above:
        shifted = len(here["indent"]) > len(above["indent"]) and not re.search(r":\s.*\S:(\s|$)", lines[at])
    if not shifted or above is None:
        return None
    key = here["key"] if here else lines[at].strip()[:20]
    message = Message("the indentation of `{key}` fits no line above it", key=key)
    return at, message, Message("begin it exactly below `{above}`, with spaces", above=above["key"])


def _of_documents(error: yaml.MarkedYAMLError, lines: list[str], at: int) -> _Reason:
    if "expected a single document" in (error.context or ""):
        return at, Message("a second document begins here"), Message("remove the `---`")
    return None
