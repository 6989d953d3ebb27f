"""Are the tags of an MJML file closed? The MJML compiler says "unexpected end of stream", or nothing at all.

Looks at the guarded source (`liquid_guard`), whose lines are those of the file.
"""

import re
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Misshapen:
    line: int
    message: str


def misshapen(source: str) -> Misshapen | None:
    """The first tag that is unknown, not closed, closes nothing or has a value without quotes."""
    open_tags: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(source):
        wrong = _one(match, open_tags, source.count("\n", 0, match.start()) + 1)
        if wrong:
            return wrong
    if open_tags:
        name, line = open_tags[-1]
        return Misshapen(line, f"`<{name}>` is never closed; add `</{name}>`")
    return None


def _one(match: re.Match[str], open_tags: list[tuple[str, int]], line: int) -> Misshapen | None:
    if match["stray"]:
        return Misshapen(line, "a `<` that begins no tag, or a quote that does not end; in text write `&lt;`")
    name = (match["name"] or "").lower()
    if not name:
        return None
    if name.startswith("mj-") and name not in ELEMENTS:
        return Misshapen(line, f"there is no MJML element `{name}`; {did_you_mean(name, ELEMENTS)}")
    if match["close"]:
        return _closed(name, open_tags, line)
    if _UNQUOTED.search(_QUOTED.sub('""', match["rest"])):
        return Misshapen(line, f"a value of `<{name}>` is not in quotes")
    if name not in _VOID and not match["rest"].endswith("/"):
        open_tags.append((name, line))
    return None


def _closed(name: str, open_tags: list[tuple[str, int]], line: int) -> Misshapen | None:
    if name in _VOID:
        return None
    if not open_tags or open_tags[-1][0] != name:
        inside = f"; `<{open_tags[-1][0]}>` of line {open_tags[-1][1]} is open" if open_tags else ""
        return Misshapen(line, f"`</{name}>` closes nothing{inside}")
    open_tags.pop()
    return None
