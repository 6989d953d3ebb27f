"""Requests and responses of API Gateway's HTTP API. Status codes are chosen here and in `runtime/http.py` only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sodate.web.branding import Branding
from sodate.web.pages import Page, headers_of


@dataclass(frozen=True)
class Request:
    """`route` is API Gateway's route key, for example `GET /forms/{form_id}`; `headers` have lower-case names."""

    route: str
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None
    is_base64: bool
    address: str = ""
    """Network address of the caller: for ceilings in memory, never stored or logged."""
    principal: str = ""
    """ARN of the IAM principal that API Gateway verified, on a route with IAM authorization; empty on every other."""

    @property
    def method(self) -> str:
        return self.route.split(" ", 1)[0]


@dataclass(frozen=True)
class Response:
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_base64: bool = False


def page(shown: Page) -> Response:
    """A page that shows what was asked for, or what was done."""
    return Response(200, shown.html, shown.headers)


def download(text: str, name: str) -> Response:
    """A file that the browser saves instead of showing it. `name`: letters, digits and a dot."""
    kind = "application/json" if name.endswith(".json") else "text/html"
    headers = {"content-type": f"{kind}; charset=utf-8", "content-disposition": f'attachment; filename="{name}"'}
    return Response(200, text, {**headers_of(Branding()), **headers})


def broken_link(shown: Page) -> Response:
    """A page that says why the link in its address does not work."""
    return Response(400, shown.html, shown.headers)


def wrong_entries(shown: Page) -> Response:
    """A page that says which entries of a form must be corrected."""
    return Response(422, shown.html, shown.headers)


def redirect(location: str) -> Response:
    """To another page, by GET, after a post."""
    return Response(303, headers={"location": location, "cache-control": "no-store"})


def ok(body: Any) -> Response:
    return json_response(200, body)


def created(body: Any) -> Response:
    return json_response(201, body)


def accepted(body: Any) -> Response:
    """What was sent is stored, and not all of it can be done."""
    return json_response(202, body)


def too_many(code: str, message: str, retry_after_s: int) -> Response:
    return json_response(429, {"error": {"code": code, "message": message}}, {"retry-after": str(retry_after_s)})


def static(body: str, content_type: str, etag: str, max_age_s: int, *, is_base64: bool = False) -> Response:
    """A file that anyone may cache."""
    return Response(200, body, _cached(etag, max_age_s) | {"content-type": content_type}, is_base64)


def not_modified(etag: str, max_age_s: int) -> Response:
    return Response(304, headers=_cached(etag, max_age_s))


def _cached(etag: str, max_age_s: int) -> dict[str, str]:
    return {
        "etag": etag,
        "cache-control": f"public, max-age={max_age_s}",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        # A page of any site includes it with <script src>, also one that isolates itself from other origins.
        "cross-origin-resource-policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    content = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
    return Response(status, json.dumps(body, ensure_ascii=False), content | dict(headers or {}))
