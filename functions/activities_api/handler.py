"""`POST /activities` and `POST /deals`: what other systems know of leads, with an API token or signed for IAM."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sodate.deals.definition import Deals
from sodate.errors import NotFound
from sodate.intake.authenticate import authenticate, authorized
from sodate.intake.receive import IntakeController
from sodate.intake.token import ApiToken, Scope
from sodate.playbook.store import parsed
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import serve
from sodate.sales.definition import Sales
from sodate.web.body import decode
from sodate.web.http import Request, Response, ok

Caller = Callable[[Request, Scope, datetime], ApiToken]


def controller(app: App) -> IntakeController:
    def deals() -> Deals:
        try:
            return parsed(app.definitions.live("sales"), Sales).deals
        except NotFound:
            return Deals()  # a playbook without sales.yaml has the usual stages

    return IntakeController(app.definitions, app.secrets.address_secret, app.new_id, app.clock.pause, deals)


def activities(app: App, caller: Caller, request: Request) -> Response:
    now, body = app.clock.now(), decode(request.body, request.is_base64)
    return ok(controller(app).activities(caller(request, Scope.ACTIVITIES, now), body, request.headers, now))


def deals(app: App, caller: Caller, request: Request) -> Response:
    now, body = app.clock.now(), decode(request.body, request.is_base64)
    return ok(controller(app).record_deals(caller(request, Scope.DEALS, now), body, request.headers, now))


def with_token(request: Request, scope: Scope, now: datetime) -> ApiToken:
    return authenticate(request.headers, scope, now)


def with_iam(request: Request, scope: Scope, now: datetime) -> ApiToken:
    return authorized(request.principal, scope, now)


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    routes = {
        "POST /activities": partial(activities, app, with_token),
        "POST /deals": partial(deals, app, with_token),
        "POST /iam/activities": partial(activities, app, with_iam),
        "POST /iam/deals": partial(deals, app, with_iam),
    }
    return serve(app, event, routes)


handler = on_lambda(handle)
