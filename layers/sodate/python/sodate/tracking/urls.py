"""What is kept of a URL: path and UTM parameters. Never credentials, other parameters, fragments or mail addresses.

Pure. A URL that is none of a web page gives None; nothing is fetched and nothing is decoded twice.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from sodate.activities.arrival import code_of

LONGEST_URL, LONGEST_PATH, LONGEST_HOST = 2000, 200, 100
UTM = ("source", "medium", "campaign", "term", "content")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: What stands in a part that holds an address of a person.
_PERSONAL = re.compile(r"@|＠|%40")
REDACTED = "-"
_MOST_PARAMETERS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """`origin`: scheme and host in lower case. `utm`: parameters without `utm_`, as pairs in the order of `UTM`."""

    origin: str
    path: str
    utm: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        return self.origin.partition("://")[2]


def read_page(url: object) -> Page | None:
    """The page of an absolute http(s) URL; None for anything else, for example `javascript:` or 3,000 characters."""
    if not isinstance(url, str) or len(url) > LONGEST_URL or _CONTROL.search(url.strip()):
        return None
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "\\" in url:
        return None
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return Page(origin, _path(parts.path), _utm(parts.query))


def referrer_host(url: object) -> str | None:
    page = read_page(url) if url else None
    return page.host[:LONGEST_HOST] if page else None


def _path(path: str) -> str:
    """Decoded once (browsers send Japanese paths encoded), unless that gives characters that no path has."""
    decoded = unquote(path) if "%" in path else path
    shown = path if _CONTROL.search(decoded) or "\ufffd" in decoded else decoded
    segments = [REDACTED if _PERSONAL.search(segment) else segment for segment in shown.split("/")]
    return "/".join(segments)[:LONGEST_PATH] or "/"


def _utm(query: str) -> tuple[tuple[str, str], ...]:
    if "utm_" not in query:
        return ()
    try:
        given = dict(reversed(parse_qsl(query, max_num_fields=_MOST_PARAMETERS, errors="strict")))
    except (ValueError, UnicodeDecodeError):
        return ()
    found = ((name, code_of(given.get(f"utm_{name}", ""))) for name in UTM)
    return tuple((name, value) for name, value in found if value)
