"""Liquid parses under the sandbox that will render it, and subjects are one line."""

import re
from collections.abc import Iterator

from liquid.exceptions import LiquidError

from sodate.authoring.compile.liquid_guard import LIQUID
from sodate.authoring.lint.context import Context, Mail, template_docs
from sodate.email.content.render import ALLOWED_FILTERS, environment
from sodate.playbook.problem import Problem, did_you_mean

_TAG = re.compile(r"\{%-?\s*(\w+)")
_BLOCKS = {"if", "unless", "case", "for", "capture", "comment"}


def liquid_parses(context: Context) -> Iterator[Problem]:
    for doc in template_docs(context):
        for key in ("subject", "preheader"):
            wrong = why_unreadable(getattr(doc.model, key)) if doc.model else ""
            if wrong:
                yield doc.problem((key,), f"Liquid: {wrong}", "see docs/playbook.md, Merge fields", "liquid")
    for mail in context.finished():
        yield from _body(mail)


def _body(mail: Mail) -> Iterator[Problem]:
    """Parses the source body first, whose line numbers the author knows; then both compiled parts."""
    for file, line, wrong in _first_error(mail.body.text, mail):
        yield Problem(file, line, "", f"Liquid: {wrong}", "see docs/playbook.md, Merge fields", "liquid")
        return
    for part, text in (("HTML", mail.template.html), ("text part", mail.template.text)):
        wrong = why_unreadable(text)
        if wrong:
            message = f"Liquid in the compiled {part}: {wrong}"
            yield mail.doc.problem(("body",), message, "keep each `{% if %}` … `{% endif %}` in one place", "liquid")


def _first_error(text: str, mail: Mail) -> Iterator[tuple[str, int, str]]:
    try:
        environment().from_string(text)
    except LiquidError as error:
        index = error.token.start_index if error.token and error.token.start_index >= 0 else _never_closed(text)
        file, line = mail.body.where(index)
        yield file, line, _words(error)
    except (ValueError, RecursionError) as error:
        yield mail.body.file, 1, str(error)[:100] or type(error).__name__


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
    try:
        environment().from_string(text)
    except LiquidError as error:
        return _words(error)
    except (ValueError, RecursionError) as error:
        return str(error)[:100] or type(error).__name__
    return ""


def _words(error: LiquidError) -> str:
    return str(getattr(error, "message", "") or error).split("\n")[0][:160]


def filters_are_known(context: Context) -> Iterator[Problem]:
    """Liquid detects an unknown filter only while rendering, so this rule looks for it."""
    for mail in context.finished():
        for name, piece in _filters(mail.body.text):
            message = f"the filter `{name}` is not available"
            yield mail.at(piece, message, did_you_mean(name, ALLOWED_FILTERS), "liquid-filter")
    for doc in template_docs(context):
        for key in ("subject", "preheader"):
            for name, _ in _filters(getattr(doc.model, key)) if doc.model else ():
                message = f"the filter `{name}` is not available"
                yield doc.problem((key,), message, did_you_mean(name, ALLOWED_FILTERS), "liquid-filter")


def _filters(text: str) -> Iterator[tuple[str, str]]:
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
                hint = "a mail header cannot hold a line break; do not use `|` here"
                yield doc.problem((key,), f"`{key}` has a line break", hint, "one-line")


RULES = (liquid_parses, filters_are_known, subject_is_one_line)
