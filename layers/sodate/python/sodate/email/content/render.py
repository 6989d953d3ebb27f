"""Renders Liquid in a sandbox: no file access, unknown names are errors, loops, time and output are bounded.

Marketers write the templates; merge values come from form posts and are untrusted. Values are HTML-escaped in the HTML
part and cannot break the subject header. A missing value without `default` fails this email, not the others of the
batch.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import liquid
from liquid import Environment, Undefined
from liquid.exceptions import LiquidError, UndefinedError

from sodate.email.content.merge import ROOTS
from sodate.errors import Invalid
from sodate.leads.text import one_line
from sodate.messages import Message

ALLOWED_TAGS = ("if", "unless", "case", "for", "assign", "capture", "comment", "break", "continue", "echo", "#")
ALLOWED_FILTERS = (
    "default", "date", "upcase", "downcase", "capitalize", "strip", "truncate", "size", "first", "last", "join",
    "split", "replace", "append", "prepend", "plus", "minus", "times", "round", "escape", "newline_to_br", "url_encode",
    "slice",
)  # fmt: skip
_PARSER_TAGS = {"content", "output", "illegal"}
#: What the filters (`date`, `round`, ...) raise for an untrusted value, besides Liquid's own errors.
_BROKEN_VALUE = (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, OSError, RecursionError)


class MissingField(Undefined):
    """Templates may test it with `if` or use `default`; printing it fails, so that no incomplete email is sent."""

    def __str__(self) -> str:
        raise UndefinedError(
            f"{self.hint or self.name}: nothing to print for this lead; add `| default: ...`", token=self.token
        )


class _Sandbox(Environment):
    context_depth_limit = 10
    loop_iteration_limit = 1_000
    local_namespace_limit = 20_000
    output_stream_limit = 400_000


@dataclass(frozen=True)
class Rendered:
    subject: str
    html: str
    text: str


@lru_cache(maxsize=2)
def environment(*, autoescape: bool = True) -> Environment:
    sandbox = _Sandbox(autoescape=autoescape, undefined=MissingField, loader=None)
    for name in set(sandbox.filters) - set(ALLOWED_FILTERS):
        del sandbox.filters[name]
    for name in set(sandbox.tags) - set(ALLOWED_TAGS) - _PARSER_TAGS:
        del sandbox.tags[name]
    return sandbox


@lru_cache(maxsize=256)
def _compiled(source: str, *, autoescape: bool) -> liquid.BoundTemplate:
    return environment(autoescape=autoescape).from_string(source)


def must_compile(subject: str, html: str, text: str) -> None:
    """Check the syntax, tags, filters and fields against this release.

    Raises: `Invalid` (code `template`).
    """
    try:
        for source, autoescape in ((subject, False), (html, True), (text, False)):
            template = _compiled(source, autoescape=autoescape)
            used = template.analyze()
            unknown = [*(set(used.filters) - set(ALLOWED_FILTERS)), *(set(used.globals) - ROOTS)]
            if unknown:
                raise Invalid(
                    Message("unknown filters or fields: {unknown}", unknown=", ".join(sorted(unknown))), "template"
                )
    except LiquidError as error:
        raise Invalid(
            Message("the template is no Liquid of ours: {message}", message=error.message), "template"
        ) from error


def render(subject: str, html: str, text: str, values: dict[str, Any]) -> Rendered:
    """Fill in one email.

    Raises: `Invalid` (code `template`) with the reason as text.
    """
    try:
        return Rendered(
            subject=one_line(_compiled(subject, autoescape=False).render(**values)),
            html=_compiled(html, autoescape=True).render(**values),
            text=_compiled(text, autoescape=False).render(**values),
        )
    except LiquidError as error:
        raise Invalid(
            Message("the template cannot be filled in for this lead: {message}", message=error.message), "template"
        ) from error
    except _BROKEN_VALUE as error:
        kind = type(error).__name__
        raise Invalid(
            Message("the template cannot be filled in for this lead: a value broke a filter ({kind})", kind=kind),
            "template",
        ) from error
