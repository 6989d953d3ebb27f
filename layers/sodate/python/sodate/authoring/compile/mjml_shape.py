"""Are the tags of an MJML file closed? The MJML compiler says "unexpected end of stream", or nothing at all.

Looks at the guarded source (`liquid_guard`), whose lines are those of the file.
"""

import re
from dataclasses import dataclass

from sodate.messages import Message
from sodate.playbook.problem import did_you_mean

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_TOKEN = re.compile(
    r"<!--.{0,20000}?-->|<(?P<style>mj-style|style)\b[^<]*</(?P=style)\s*>|"
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*)>|(?P<stray><)",
    re.DOTALL,
)
_UNQUOTED = re.compile(r"=\s*(?![\"'\s])")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
ELEMENTS = {
    "mj-head", "mj-body", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font", "mj-preview",
    "mj-style", "mj-title", "mj-accordion", "mj-accordion-element", "mj-accordion-title", "mj-accordion-text",
    "mj-button", "mj-carousel", "mj-carousel-image", "mj-column", "mj-divider", "mj-group", "mj-hero", "mj-image",
    "mj-navbar", "mj-navbar-link", "mj-raw", "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table",
    "mj-text", "mj-wrapper",
}  # fmt: skip


#: Elements that hold MJML only: the compiler drops anything else in them without a word.
_MJML_ONLY = {"mj-body", "mj-section", "mj-column", "mj-wrapper", "mj-group"}


@dataclass(frozen=True)
class Misshapen:
    line: int
    message: str
    hint: str


def misshapen(source: str) -> Misshapen | None:
    """The first tag that is unknown, not closed, closes nothing, is lost where it lies, or has an unquoted value."""
    open_tags: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(source):
        wrong = _one(match, open_tags, source.count("\n", 0, match.start()) + 1)
        if wrong:
            return wrong
    return _never_closed(*open_tags[-1]) if open_tags else None


def _never_closed(name: str, line: int) -> Misshapen:
    return Misshapen(
        line, Message("`<{name}>` is never closed", name=name), Message("add `</{name}>` where it ends", name=name)
    )


def _one(match: re.Match[str], open_tags: list[tuple[str, int]], line: int) -> Misshapen | None:
    if match["stray"]:
        message = Message("a `<` that begins no tag, or a quote that does not end")
        return Misshapen(line, message, Message("in text write `&lt;`; close each quote of a tag"))
    name = (match["name"] or "").lower()
    if not name:
        return None
    if match["close"]:
        return _closed(name, open_tags, line)
    if wrong := _opened(name, open_tags, line):
        return wrong
    if _UNQUOTED.search(_QUOTED.sub('""', match["rest"])):
        message = Message("a value of `<{name}>` is not in quotes", name=name)
        return Misshapen(line, message, Message('put each value in quotes: `width="600"`'))
    if name not in _VOID and not match["rest"].endswith("/"):
        open_tags.append((name, line))
    return None


def _opened(name: str, open_tags: list[tuple[str, int]], line: int) -> Misshapen | None:
    """What is wrong with an element here."""
    if name.startswith("mj-") and name not in ELEMENTS:
        message = Message("there is no MJML element `{name}`", name=name)
        return Misshapen(line, message, did_you_mean(name, ELEMENTS))
    parent = open_tags[-1][0] if open_tags else ""
    if parent in _MJML_ONLY and not name.startswith("mj-"):
        message = Message("`<{name}>` lies directly in `<{parent}>`, where it is lost", name=name, parent=parent)
        return Misshapen(line, message, Message("put it into `<mj-text>` or `<mj-raw>`; for images, use `<mj-image>`"))
    return None


def _closed(name: str, open_tags: list[tuple[str, int]], line: int) -> Misshapen | None:
    if name in _VOID:
        return None
    if open_tags and open_tags[-1][0] == name:
        open_tags.pop()
        return None
    if name in {opened for opened, _ in open_tags}:
        return _never_closed(*open_tags[-1])
    message = Message("`</{name}>` closes nothing", name=name)
    return Misshapen(line, message, Message("remove it, or write `<{name}>` where it begins", name=name))
