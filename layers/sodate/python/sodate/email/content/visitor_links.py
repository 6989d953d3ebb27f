"""Links to the company's own website say who opens them, if `tracking.yaml` asks for it (`tokens_in_links`). Pure."""

import re
from collections.abc import Sequence

from sodate.consent.links import VISITOR_PARAMETER, is_ours

_HREF = re.compile(r"""(href=)(["'])(https?://[^"'\s>]+)\2""", re.IGNORECASE)
_TEXT_URL = re.compile(r"https?://[^\s<>\"'()（）「」、。]+")


def in_html(html: str, origins: Sequence[str], token: str) -> str:
    """Every `href` that leads to one of `origins` with the token."""
    return _HREF.sub(lambda found: f"{found[1]}{found[2]}{_with(found[3], origins, token, '&amp;')}{found[2]}", html)


def in_text(text: str, origins: Sequence[str], token: str) -> str:
    return _TEXT_URL.sub(lambda found: _with(found[0], origins, token, "&"), text)


def _with(url: str, origins: Sequence[str], token: str, ampersand: str) -> str:
    if is_ours(url) or not any(url == origin or url.startswith(_begins(origin)) for origin in origins):
        return url
    before, mark, fragment = url.partition("#")
    separator = ampersand if "?" in before else "?"
    return f"{before}{separator}{VISITOR_PARAMETER}={token}{mark}{fragment}"


def _begins(origin: str) -> tuple[str, ...]:
    """A longer host, `https://www.example.jp.evil.example`, is another origin."""
    return tuple(origin + mark for mark in "/?#")
