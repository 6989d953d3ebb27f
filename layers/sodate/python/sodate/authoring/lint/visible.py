"""The text of an HTML email that a recipient sees.

Leaves out comments, hidden elements, and text that is tiny, transparent or moved off the page. Other ways to hide text
are not detected.
"""

import re
from dataclasses import dataclass, replace

from lxml import html as lxml_html

from sodate.authoring.compile.text_part import parse_html

_UNSEEN = {"head", "title", "style", "script", "template", "noscript", "object", "select", "textarea", "svg"}
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|opacity\s*:\s*0*\.?0+(?![.\d])|"
    r"max-(height|width)\s*:\s*0|(?<![-\w])(height|width)\s*:\s*0(px)?\s*(;|$)|"
    r"(left|top|right|text-indent|margin-left)\s*:\s*-\d{3,}|clip\s*:|color\s*:\s*transparent",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![-\w])font-size\s*:\s*([\d.]+)\s*(px|pt|em|rem|%)?", re.IGNORECASE)
_COLOUR = re.compile(r"(?<![-\w])color\s*:\s*([#\w(),.% ]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?<![-\w])background(?:-color)?\s*:\s*(#\w+|\w+)", re.IGNORECASE)
_NAMED = {"white": "#ffffff", "black": "#000000", "#fff": "#ffffff", "#000": "#000000"}
#: A smaller font counts as invisible.
SMALLEST_PX = 6


@dataclass(frozen=True)
class _Look:
    size: float = 16.0
    colour: str = "#000000"
    background: str = "#ffffff"

    @property
    def readable(self) -> bool:
        return self.size >= SMALLEST_PX and self.colour != self.background


def visible_text(html: str) -> str:
    parts: list[str] = []
    _walk(parse_html(html), _Look(), parts, set())
    return " ".join(" ".join(parts).split())


def visible_links(html: str) -> set[str]:
    """Targets of links with visible content."""
    links: set[str] = set()
    _walk(parse_html(html), _Look(), [], links)
    return links


def _walk(node: lxml_html.HtmlElement, look: _Look, parts: list[str], links: set[str]) -> bool:
    """Adds the visible text below `node`; returns whether there was any."""
    if not isinstance(node.tag, str) or node.tag in _UNSEEN or node.get("hidden") is not None:
        return False
    style = node.get("style") or ""
    if _HIDDEN.search(style):
        return False
    look = _changed(look, style, node)
    seen = bool((node.text or "").strip()) and look.readable
    if seen:
        parts.append(node.text or "")
    seen = seen or (node.tag == "img" and bool(node.get("alt")) and node.get("width") not in ("0", "1"))
    for child in node:
        seen = _walk(child, look, parts, links) or seen
        if (child.tail or "").strip() and look.readable:
            parts.append(child.tail or "")
            seen = True
    if seen and node.tag == "a" and node.get("href"):
        links.add(node.get("href", ""))
    return seen


def _changed(look: _Look, style: str, node: lxml_html.HtmlElement) -> _Look:
    size, colour, background = _SIZE.search(style), _COLOUR.search(style), _BACKGROUND.search(style)
    if size:
        look = replace(look, size=_pixels(float(size[1] or 0), (size[2] or "px").lower(), look.size))
    if colour:
        look = replace(look, colour=_plain(colour[1]))
    if background or node.get("bgcolor"):
        look = replace(look, background=_plain(background[1] if background else node.get("bgcolor", "")))
    return look


def _pixels(number: float, unit: str, parent: float) -> float:
    return number * {"px": 1.0, "pt": 4 / 3, "em": parent, "rem": 16.0, "%": parent / 100}[unit]


def _plain(colour: str) -> str:
    colour = colour.strip().lower()
    return _NAMED.get(colour, colour)
