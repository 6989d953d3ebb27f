"""The text part, made once from the compiled HTML: what is visible there, links as `text <url>`, Liquid intact."""

import re

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml import html as lxml_html

from sodate.authoring.compile.liquid_guard import comments_to_words, words_in

_TABLE = {"table", "tbody", "thead", "tfoot", "tr"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def to_text(guarded_html: str) -> str:
    """`guarded_html` is compiled HTML that still holds the stand-ins of `liquid_guard`."""
    tree = parse_html(guarded_html)
    for node in list(tree.iter()):
        if isinstance(node, etree._Comment):
            _replace(node, _spoken_comment(node.text or ""))
        elif isinstance(node.tag, str):
            _flatten(node)
    text = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
    lines = [line.strip() for line in text.replace("\xa0", " ").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def parse_html(text: str) -> lxml_html.HtmlElement:
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=False, remove_pis=True)
    return lxml_html.document_fromstring((text or "<html></html>").encode(), parser=parser)


def is_hidden(node: lxml_html.HtmlElement) -> bool:
    style = node.get("style") or ""
    return bool(_HIDDEN.search(style)) or node.get("hidden") is not None


def _spoken_comment(content: str) -> str:
    words = words_in(comments_to_words(content))
    return words[0] if len(words) == 1 and content.strip() == words[0] else ""


def _flatten(node: lxml_html.HtmlElement) -> None:
    """Layout tables become paragraphs; a hidden element leaves; a link shows where it goes; an image says its alt."""
    if node.getparent() is None:
        return
    if is_hidden(node) or node.tag in ("style", "script", "head"):
        _replace(node, " ".join(words_in(_control_only(node))))
    elif node.tag in _TABLE:
        node.tag = "div"
    elif node.tag in ("td", "th"):
        _flatten_cell(node)
    elif node.tag == "img":
        _replace(node, node.get("alt") or "")
    elif node.tag == "a" and node.get("href") and not node.get("href", "").startswith("#"):
        _show_link(node, node.get("href", ""))


def _flatten_cell(node: lxml_html.HtmlElement) -> None:
    if _is_alone(node):
        node.tag = "div" if node.find(".//table") is not None else "p"
        return
    node.tag = "span"
    if any(isinstance(cell.tag, str) for cell in node.itersiblings()):
        node.tail = " | " + (node.tail or "").lstrip()


def _is_alone(cell: lxml_html.HtmlElement) -> bool:
    """The only cell of its row is layout, not data."""
    row = cell.getparent()
    return sum(isinstance(child.tag, str) for child in row) == 1


def _control_only(node: lxml_html.HtmlElement) -> str:
    """A hidden element's control tags stay, or an `{% if %}` that began there would never end."""
    return "".join(comment.text or "" for comment in node.iter(etree.Comment))


def _show_link(node: lxml_html.HtmlElement, url: str) -> None:
    label = " ".join(node.text_content().split())
    if label == url:
        return
    last = node[-1] if len(node) else None
    suffix = f" <{url}>"
    if last is None:
        node.text = (node.text or "").rstrip() + suffix
    else:
        last.tail = (last.tail or "").rstrip() + suffix


def _replace(node: etree._Element, text: str) -> None:
    """Take `node` out of the tree and put `text` where it stood; what followed it stays."""
    parent, previous = node.getparent(), node.getprevious()
    if parent is None:
        return
    text += node.tail or ""
    if previous is None:
        parent.text = (parent.text or "") + text
    else:
        previous.tail = (previous.tail or "") + text
    node.tail = None
    parent.remove(node)
