"""API Gateway HTTP events to routes and back; the only module that maps our errors to status codes."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sodate.email.issuer import live_issuer
from sodate.errors import Conflict, Invalid, NotAllowed, NotFound, NotIdentified, TooManyRequests, Transient
from sodate.runtime.app import App
from sodate.web import cors, pages
from sodate.web.body import BodyError
from sodate.web.http import Request, Response, json_response
from sodate.web.negotiation import is_page_post, preferred_language

RETRY_AFTER_SECONDS = 5


Route = Callable[[Request], Response]
#: The origins whose pages may call the route of this request from a browser. May raise `NotFound` and `Transient`.
Origins = Callable[[Request], Collection[str]]


def serve(
    app: App, event: Mapping[str, Any], routes: Mapping[str, Route], origins: Origins | None = None
) -> dict[str, Any]:
    """Dispatch one event. `routes`: by API Gateway's route key, for example `GET /forms/{form_id}`.

    `origins`: also answer preflights, and let pages of these origins read the answers (CORS).
    """
    request = _request(event)
    response = _answer(app, request, routes) if origins is None else _across_origins(app, request, routes, origins)
    body = "" if request.method == "HEAD" else response.body
    answer = {"statusCode": response.status, "headers": dict(response.headers), "body": body}
    return answer | ({"isBase64Encoded": True} if response.is_base64 else {})


def _across_origins(app: App, request: Request, routes: Mapping[str, Route], origins: Origins) -> Response:
    origin, is_preflight = request.headers.get("origin", ""), request.method == "OPTIONS"
    try:
        listed = bool(origin) and cors.is_listed(origin, origins(request))
    except (NotFound, Transient):
        listed = False
    response = cors.preflight(listed) if is_preflight else _answer(app, request, routes)
    return cors.readable(response, origin, listed, is_preflight) if origin else response


def error_response(error: Exception) -> Response:
    """The response of one of our errors. Any other error is raised: Lambda counts it, and an alarm follows."""
    status, code, fields, headers = 422, "invalid", None, {}
    match error:
        case NotFound():
            status, code = 404, "not_found"
        case Conflict():
            status, code = 409, "conflict"
        case TooManyRequests():
            status, code, headers = 429, "too_many_requests", {"retry-after": str(error.retry_after_s)}
        case Transient():
            status, code, headers = 503, "busy", {"retry-after": str(RETRY_AFTER_SECONDS)}
        case Invalid():
            status, code = _status_of(error), error.code
            fields = getattr(error, "fields", None)
        case _:
            raise error
    message = "please try again in a few seconds" if status == 503 else str(error)
    body = {"code": code, "message": message} | ({"fields": fields} if fields else {})
    return json_response(status, {"error": body}, headers)


def _status_of(error: Invalid) -> int:
    match error:
        case BodyError():
            return error.status
        case NotIdentified():
            return 401
        case NotAllowed():
            return 403
        case _:
            return 422


def _answer(app: App, request: Request, routes: Mapping[str, Route]) -> Response:
    route = routes.get(request.route.replace("HEAD ", "GET ", 1))
    if route is None:
        return json_response(404, {"error": {"code": "not_found", "message": "there is nothing here"}})
    try:
        return route(request)
    except (NotFound, Conflict, Invalid, Transient) as error:
        if isinstance(error, Transient):
            app.log.warning("try again later", extra={"route": request.route, "why": str(error)})
        response = error_response(error)
        return _shown(app, request, response) if is_page_post(request.headers) else response


#: Status → what its page says: a key of the catalogs' `message`.
_PAGES = {403: "not_allowed", 404: "not_found", 413: "too_long", 429: "busy", 503: "busy"}


def _shown(app: App, request: Request, response: Response) -> Response:
    """A page instead of JSON, for the person whose browser posted an HTML form."""
    name, language = _PAGES.get(response.status, "unreadable"), preferred_language(request.headers)
    shown = pages.message(name, language, live_issuer(app.definitions))
    waits = {header: value for header, value in response.headers.items() if header == "retry-after"}
    return Response(response.status, shown.html, {**shown.headers, **waits})


def _request(event: Mapping[str, Any]) -> Request:
    context = event.get("requestContext") or {}
    return Request(
        route=str(event.get("routeKey", "")),
        path=dict(event.get("pathParameters") or {}),
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        body=event.get("body"),
        is_base64=bool(event.get("isBase64Encoded")),
        address=str(context.get("http", {}).get("sourceIp", "")),
        principal=str(((context.get("authorizer") or {}).get("iam") or {}).get("userArn") or ""),
    )
