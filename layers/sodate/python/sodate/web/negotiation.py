"""What a client wants back, read from its headers: HTML or JSON, and in which language."""

from collections.abc import Mapping

from sodate.web.body import content_type
from sodate.web.catalogs import DEFAULT, languages


def is_html_post(headers: Mapping[str, str]) -> bool:
    """True when the client is a plain HTML form, which gets a redirect; other clients get JSON."""
    media, _ = content_type(headers.get("content-type", ""))
    return media != "application/json" and "application/json" not in headers.get("accept", "").lower()


def is_page_post(headers: Mapping[str, str]) -> bool:
    """True when a browser posted an HTML form and shows the answer as a page: it says so in `Accept`."""
    return is_html_post(headers) and "text/html" in headers.get("accept", "").lower()


def preferred_language(headers: Mapping[str, str]) -> str:
    """The first language of `Accept-Language` if there is a catalog for it, else `DEFAULT`."""
    first = headers.get("accept-language", "").lower().split(",")[0].split(";")[0]
    language = first.split("-")[0].strip()
    return language if language in languages() else DEFAULT
