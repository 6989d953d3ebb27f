"""`POST /events` and `GET /sodate.js`: what visitors of the website do becomes sessions; and the script."""

from functools import partial
from typing import Any

from sodate.errors import NotFound
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import serve
from sodate.tracking.batch import read_batch
from sodate.tracking.origins import check_origin
from sodate.tracking.receive import Receive, TooMany
from sodate.tracking.script import AGE_S, Script
from sodate.tracking.site import live_site
from sodate.web.http import Request, Response, accepted, not_modified, static, too_many

_RETRY_AFTER_S = 60
_JAVASCRIPT = "text/javascript; charset=utf-8"


def take(app: App, request: Request) -> Response:
    now = app.clock.now()
    if not app.addresses.admits(request.address, now):
        return too_many("too_many_events", "too many events from one address", _RETRY_AFTER_S)
    try:
        site = live_site(app.definitions)
    except NotFound as error:
        raise NotFound("this stage has no tracking.yaml; apply a playbook that has one") from error
    check_origin(site, request.headers)
    batch = read_batch(request.body, request.is_base64, request.headers, site, now)
    receive = Receive(site, app.secrets.signer, app.clock.pause)
    try:
        received = receive.receive(batch, request.headers.get("user-agent"), now)
    except TooMany as error:
        return too_many("too_many_sessions", str(error), _RETRY_AFTER_S)
    return accepted({"accepted": received.accepted, "dropped": received.dropped, "repeat": received.is_repeat})


def show(script: Script, request: Request) -> Response:
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    if script.etag in request.headers.get("if-none-match", ""):
        return not_modified(script.etag, AGE_S)
    if not compressed:
        return static(script.text, _JAVASCRIPT, script.etag, AGE_S)
    response = static(script.gzipped, _JAVASCRIPT, script.etag, AGE_S, is_base64=True)
    return Response(response.status, response.body, {**response.headers, "content-encoding": "gzip"}, is_base64=True)


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    routes = {"POST /events": partial(take, app), "GET /sodate.js": partial(show, app.beacon)}
    if event.get("routeKey") == "GET /sodate.js":  # anybody's page may load the script
        return serve(app, event, routes)
    return serve(app, event, routes, lambda _: live_site(app.definitions).tracking.origins)


handler = on_lambda(handle)
