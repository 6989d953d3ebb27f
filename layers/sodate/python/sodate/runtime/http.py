"""API Gateway HTTP events and responses; the only module that maps our errors to status codes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sodate.errors import Conflict, Invalid, NotFound, Transient
from sodate.runtime.logs import logger

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True)
class Request:
    route: str
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None
    is_base64: bool

    @property
    def method(self) -> str:
        return self.route.split(" ", 1)[0]


@dataclass(frozen=True)
class Response:
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Request], Response]


def serve(event: Mapping[str, Any], routes: Mapping[str, Route]) -> dict[str, Any]:
    """Dispatch one event. `routes`: by API Gateway's route key, for example `GET /forms/{form_id}`."""
    request = _request(event)
    response = _answer(request, routes)
    body = "" if request.method == "HEAD" else response.body
    return {"statusCode": response.status, "headers": dict(response.headers), "body": body}


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    content = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
    return Response(status, json.dumps(body, ensure_ascii=False), content | dict(headers or {}))


def error_response(error: Exception) -> Response:
    """The response of one of our errors. Any other error is raised: Lambda counts it, and an alarm follows."""
    status, code, fields, headers = 422, "invalid", None, {}
    match error:
        case NotFound():
            status, code = 404, "not_found"
        case Conflict():
            status, code = 409, "conflict"
        case Transient():
            status, code, headers = 503, "busy", {"retry-after": str(RETRY_AFTER_SECONDS)}
        case Invalid():
            status, code = getattr(error, "status", 422), error.code
            fields = getattr(error, "fields", None)
        case _:
            raise error
    message = "please try again in a few seconds" if status == 503 else str(error)
    body = {"code": code, "message": message} | ({"fields": fields} if fields else {})
    return json_response(status, {"error": body}, headers)


def _answer(request: Request, routes: Mapping[str, Route]) -> Response:
    route = routes.get(request.route.replace("HEAD ", "GET ", 1))
    if route is None:
        return json_response(404, {"error": {"code": "not_found", "message": "there is nothing here"}})
    try:
        return route(request)
    except (NotFound, Conflict, Invalid, Transient) as error:
        if isinstance(error, Transient):
            logger().warning("try again later", extra={"route": request.route, "why": str(error)})
        return error_response(error)


def _request(event: Mapping[str, Any]) -> Request:
    return Request(
        route=str(event.get("routeKey", "")),
        path=dict(event.get("pathParameters") or {}),
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        body=event.get("body"),
        is_base64=bool(event.get("isBase64Encoded")),
    )
