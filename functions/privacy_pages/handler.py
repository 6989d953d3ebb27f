"""A lead's own data: ask for it, download it, ask for its erasure. GET shows a page and changes nothing; POST acts."""

from functools import partial
from typing import Any

from sodate.email.issuer import issuer_of
from sodate.email.mailing import Mailing
from sodate.playbook.store import parsed
from sodate.privacy.controller import DataController
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import serve
from sodate.web.body import decode
from sodate.web.http import Request, Response
from sodate.web.negotiation import preferred_language


def controller(app: App) -> DataController:
    mailing = parsed(app.definitions.live("mailing"), Mailing)
    return DataController(
        app.definitions, app.secrets.data_links(), issuer_of(mailing), mailing.privacy, mailing.retention
    )


def show(app: App, request: Request) -> Response:
    return controller(app).show(request.path["token"], preferred_language(request.headers), app.clock.now())


def submit(app: App, request: Request) -> Response:
    body, language = decode(request.body, request.is_base64), preferred_language(request.headers)
    return controller(app).submit(request.path["token"], body, language, app.clock.now())


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    routes = {"GET /privacy/{token}": partial(show, app), "POST /privacy/{token}": partial(submit, app)}
    return serve(app, event, routes)


handler = on_lambda(handle)
