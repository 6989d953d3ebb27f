"""`POST /activities` and `POST /deals`: what other systems know of leads, with an API token or signed for IAM."""

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


def controller(app: App) -> IntakeController:
    def deals() -> Deals:
        try:
            return parsed(app.definitions.live("sales"), Sales).deals
        except NotFound:
            return Deals()  # a playbook without sales.yaml has the usual stages

    return IntakeController(app.definitions, app.secrets.address_secret, app.new_id, app.clock.pause, deals)


def caller(request: Request, scope: Scope, now: datetime) -> ApiToken:
    """On these routes, and on no other, API Gateway has verified the principal."""
    if request.route.startswith("POST /iam/"):
        return authorized(request.principal, scope, now)
    return authenticate(request.headers, scope, now)


def activities(app: App, request: Request) -> Response:
    now, body = app.clock.now(), decode(request.body, request.is_base64)
    return ok(controller(app).activities(caller(request, Scope.ACTIVITIES, now), body, request.headers, now))


def deals(app: App, request: Request) -> Response:
    now, body = app.clock.now(), decode(request.body, request.is_base64)
    return ok(controller(app).record_deals(caller(request, Scope.DEALS, now), body, request.headers, now))


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    log, record = partial(activities, app), partial(deals, app)
    routes = {"POST /activities": log, "POST /deals": record, "POST /iam/activities": log, "POST /iam/deals": record}
    return serve(app, event, routes)


handler = on_lambda(handle)
