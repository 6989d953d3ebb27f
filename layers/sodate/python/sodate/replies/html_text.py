"""The text of an HTML email, up to the quoted one. Pure.

Read in one pass: Python's own parser needs quadratic time for broken markup (20 s for 100 KB of `<a <a <a`).
"""

import re
from collections.abc import Iterator
from html import unescape

_BREAKS = {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "hr"}
_SILENT = {"script", "style", "head", "title", "template"}
_QUOTES = (
    "gmail_quote", "gmail_attr", "divrplyfwdmsg", "appendonsend", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote",
)  # fmt: skip
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")
_LONGEST_TAG = 2000
#: Stands where the quotation begins; `own_words` knows it.
QUOTE_MARK = "-----Original Message-----"


def text_of(html: str) -> str:
    found: list[str] = []
    silent = ""
    for tag, text in _pieces(html):
        name = _name_of(tag)
        if silent:
            silent = "" if name == silent and tag.startswith("</") else silent
        elif name in _SILENT and not tag.startswith("</"):
            silent = name
        elif _begins_quote(name, tag):
            found.append(f"\n{QUOTE_MARK}\n")
            break
        elif name in _BREAKS:
            found.append("\n")
        if not silent:
            found.append(unescape(text).replace("\n", " "))
    lines = (" ".join(line.split()) for line in "".join(found).split("\n"))
    return "\n".join(lines).strip()


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """Each tag with the text after it; the text before the first tag has an empty one."""
    start = html.find("<")
    yield "", html if start < 0 else html[:start]
    while start >= 0:
        if html.startswith("<!--", start):
            end = html.find("-->", start)
            if end < 0:
                return  # the rest is a comment
            end += 2
        else:
            following = html.find("<", start + 1)
            end = html.find(">", start, following if following >= 0 else len(html))
        tag = html[start : end + 1] if end >= 0 else ""
        begin = end + 1 if end >= 0 else start + 1
        start = html.find("<", begin)
        yield tag, html[begin : start if start >= 0 else len(html)]


def _name_of(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


def _begins_quote(name: str, tag: str) -> bool:
    if tag.startswith("</") or not name:
        return False
    return name == "blockquote" or any(quote in tag[:_LONGEST_TAG].lower() for quote in _QUOTES)
