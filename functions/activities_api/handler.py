"""`POST /activities` and `POST /deals`: what other systems know of leads, with an API token."""

from functools import partial
from typing import Any

from sodate.deals.definition import Deals
from sodate.errors import NotFound
from sodate.intake.receive import IntakeController
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


def activities(app: App, request: Request) -> Response:
    body = decode(request.body, request.is_base64)
    return ok(controller(app).activities(body, request.headers, app.clock.now()))


def deals(app: App, request: Request) -> Response:
    body = decode(request.body, request.is_base64)
    return ok(controller(app).record_deals(body, request.headers, app.clock.now()))


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    return serve(app, event, {"POST /activities": partial(activities, app), "POST /deals": partial(deals, app)})


handler = on_lambda(handle)
