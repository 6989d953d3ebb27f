"""Liquid parses under the sandbox that will render it, and subjects are one line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from liquid.exceptions import LiquidError

from sodate.authoring.compile.liquid_guard import LIQUID
from sodate.authoring.lint.context import Context, Mail, template_docs
from sodate.authoring.lint.reader import HTML, TEXT_PART
from sodate.email.content.render import ALLOWED_FILTERS, ALLOWED_TAGS, environment
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean

_TAG = re.compile(r"\{%-?\s*(\w+)")
_BLOCKS = {"if", "unless", "case", "for", "capture", "comment"}


def liquid_parses(context: Context) -> Iterator[Problem]:
    for doc in template_docs(context):
        for key in ("subject", "preheader"):
            fault = fault_of(getattr(doc.model, key)) if doc.model else None
            if fault is not None:
                yield doc.problem((key,), fault.message, fault.hint, "liquid")
    for mail in context.finished():
        yield from _body(mail)


def _body(mail: Mail) -> Iterator[Problem]:
    """Parses the source body first, whose line numbers the author knows; then both compiled parts."""
    fault = fault_of(mail.body.text)
    if fault is not None:
        file, line = mail.body.where(fault.index)
        yield Problem(file, line, "", fault.message, fault.hint, "liquid")
        return
    for part, text in ((HTML, mail.template.html), (TEXT_PART, mail.template.text)):
        fault = fault_of(text)
        if fault is not None:
            message = Message("Liquid in {part}: {wrong}", part=part, wrong=fault.message)
            hint = Message("keep each `{% if %}` … `{% endif %}` in one place")
            yield mail.doc.problem(("body",), message, hint, "liquid")


@dataclass(frozen=True)
class Fault:
    """Why Liquid cannot read a text, and at which character."""

    message: str
    hint: str
    index: int


def fault_of(text: str) -> Fault | None:
    if wide := _WIDE.search(text):
        message = Message("`{braces}` is full-width, so it would be sent as it is", braces=wide[0])
        return Fault(message, Message("write the braces half-width: `{{ … }}`"), wide.start())
    if left_open := _LEFT_OPEN.search(text):
        return Fault(Message("`{{` is not closed"), Message("write `}}` at its end"), left_open.start())
    try:
        environment().from_string(text)
    except LiquidError as error:
        index = error.token.start_index if error.token and error.token.start_index >= 0 else _never_closed(text)
        return Fault(*_in_words(error), index)
    except (ValueError, RecursionError) as error:
        return Fault(_unread(str(error)[:100] or type(error).__name__), _SEE, 0)
    return None


#: Braces of a Japanese keyboard, and an output that ends with one brace or none.
_WIDE = re.compile(r"｛ ?[｛{%％]|[%％}｝] ?｝")
_LEFT_OPEN = re.compile(r"\{\{[^{}]*(?:\}(?!\})|\Z|(?=\{\{)|(?=\{%))")
_SEE = Message("see docs/playbook.md, Merge fields")


def _in_words(error: LiquidError) -> tuple[str, str]:
    """Message and hint."""
    text = str(getattr(error, "message", "") or error).split("\n")[0][:160]
    if found := re.match(r"expected tag end(\w+), found", text):
        message = Message("`{{% {tag} %}}` is never closed", tag=found[1])
        return message, Message("add `{{% end{tag} %}}` where it ends", tag=found[1])
    if found := re.match(r"unexpected tag '?(\w+)", text):
        if found[1].startswith("end") or found[1] in ("else", "elsif", "when"):
            message = Message("`{{% {tag} %}}` belongs to nothing that is open", tag=found[1])
            return message, Message("remove it, or open the block before it")
        message = Message("there is no tag `{{% {tag} %}}`", tag=found[1])
        return message, did_you_mean(found[1], [tag for tag in ALLOWED_TAGS if tag.isalpha()])
    if "missing tag name" in text:
        return Message("`{%` is not closed, or names no tag"), Message("write `{% if … %}`")
    if "missing expression" in text:
        return Message("nothing stands between the braces"), Message("write a merge field: `{{ lead.name }}`")
    return _unread(text), _SEE


def _unread(text: str) -> Message:
    return Message("Liquid cannot read this: {error}", error=text)


def _never_closed(text: str) -> int:
    """The position of the innermost block without an end."""
    open_blocks: list[tuple[str, int]] = []
    for match in LIQUID.finditer(text):
        tag = _TAG.match(match.group())
        name = tag[1] if tag else ""
        if name in _BLOCKS:
            open_blocks.append((name, match.start()))
        elif name.startswith("end") and open_blocks and open_blocks[-1][0] == name[3:]:
            open_blocks.pop()
    return open_blocks[-1][1] if open_blocks else len(text)


def why_unreadable(text: str) -> str:
    fault = fault_of(text)
    return fault.message if fault is not None else ""


def filters_are_known(context: Context) -> Iterator[Problem]:
    """Liquid detects an unknown filter only while rendering, so this rule looks for it."""
    for mail in context.finished():
        for name, piece in unknown_filters(mail.body.text):
            message = Message("the filter `{name}` is not available", name=name)
            yield mail.at(piece, message, did_you_mean(name, ALLOWED_FILTERS), "liquid-filter")
    for doc in template_docs(context):
        for key in ("subject", "preheader"):
            for name, _ in unknown_filters(getattr(doc.model, key)) if doc.model else ():
                message = Message("the filter `{name}` is not available", name=name)
                yield doc.problem((key,), message, did_you_mean(name, ALLOWED_FILTERS), "liquid-filter")


def unknown_filters(text: str) -> Iterator[tuple[str, str]]:
    if why_unreadable(text):
        return
    used = environment().from_string(text).analyze().filters
    for name in used.keys() - set(ALLOWED_FILTERS):
        piece = next((match.group() for match in LIQUID.finditer(text) if name in match.group()), name)
        yield name, piece


def subject_is_one_line(context: Context) -> Iterator[Problem]:
    for doc in template_docs(context):
        for key in ("subject", "preheader"):
            value = getattr(doc.model, key) if doc.model else ""
            if "\n" in value or "\r" in value:
                hint = Message("a mail header cannot hold a line break; do not use `|` here")
                yield doc.problem((key,), Message("`{key}` has a line break", key=key), hint, "one-line")


RULES = (liquid_parses, filters_are_known, subject_is_one_line)
