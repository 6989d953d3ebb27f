"""Where a visitor came from, in the form in which an activity carries it: codes and host names, no personal data. Pure.

The values are written by whoever builds or opens a link, so each is bounded, on one line, without markup, and without
what looks like an email address.
"""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

#: Parameters by which ad platforms mark a click, without the `_` of the form's field.
CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "yclid")
#: Attributes of an activity, the most important first: what does not fit into `MOST_BYTES` is left out.
ARRIVAL = ("campaign", "source", "medium", "click", "term", "referrer", "content")
LONGEST = 80
MOST_BYTES = 600
#: Base64url and dots, as every platform writes them.
_CLICK_ID = re.compile(r"[A-Za-z0-9._-]{6,500}")
_HOST = re.compile(r"[a-z0-9.-]{1,100}")
_MARKUP = str.maketrans(dict.fromkeys("<>\"'`\\"))


def arrival_of(source: Mapping[str, str]) -> dict[str, str]:
    """`source`: of a form post or a visit, with the names `utm_…`, `referrer` and those of click ids.

    Of a click id only its kind is kept: its value names one click of one person.
    """
    utm = {name: code_of(source.get(f"utm_{name}", "")) for name in ("campaign", "source", "medium", "term", "content")}
    kinds = click_ids_in(source)
    found = {**utm, "click": next(iter(kinds), ""), "referrer": host_of(source.get("referrer", ""))}
    kept, left = dict[str, str](), MOST_BYTES
    for name in ARRIVAL:
        size = len(found[name].encode())
        if found[name] and size <= left:
            kept[name] = found[name]
            left -= size
    return kept


def click_ids_in(source: Mapping[str, str]) -> dict[str, str]:
    """Well-formed click ids, in the order of `CLICK_IDS`; others are left out."""
    return {kind: source[kind] for kind in CLICK_IDS if _CLICK_ID.fullmatch(source.get(kind, ""))}


def code_of(text: str) -> str:
    """One utm value as a code: at most 80 characters; of an address on the web its host and path; else empty.

    Empty for what contains an `@`, also percent-encoded or in full width: mail tools put addresses into links.
    """
    plain = unicodedata.normalize("NFKC", unquote(text[:2000]))
    plain = "".join(one for one in plain if unicodedata.category(one)[0] != "C").translate(_MARKUP).strip()
    if "://" in plain or plain.startswith("//"):
        plain = _without_query(plain)
    return "" if "@" in plain else plain[:LONGEST].strip()


def host_of(url: str) -> str:
    """The host name of a URL; empty when it has none."""
    try:
        host = urlsplit(url.strip()[:2000]).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _without_query(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{parts.path}"
