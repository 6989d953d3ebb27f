"""The feedback link of a hand-off. GET only shows a page; POST records feedback from its form or from JSON."""

from datetime import datetime
from functools import partial
from typing import Any

from sodate.privacy.access import data_policy, note_access
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import serve
from sodate.sales.feedback_controller import FeedbackController
from sodate.web.body import BodyError, decode, parse_body
from sodate.web.http import Request, Response, ok
from sodate.web.negotiation import is_html_post, preferred_language


def controller(app: App) -> FeedbackController:
    def noted(lead_id: str, owner: str, now: datetime) -> None:
        note_access(lead_id, f"owner:{owner}", "feedback page", now, data_policy(app.definitions).access_log)

    return FeedbackController(app.definitions, app.secrets.feedback_links(), noted)


def show(app: App, request: Request) -> Response:
    return controller(app).show(request.path["token"], preferred_language(request.headers), app.clock.now())


def submit(app: App, request: Request) -> Response:
    token, language, now = request.path["token"], preferred_language(request.headers), app.clock.now()
    is_html = is_html_post(request.headers)
    try:
        raw = parse_body(decode(request.body, request.is_base64), request.headers)
    except BodyError as error:
        if not is_html or error.status != 400:
            raise
        raw = {}  # an empty form: the page shows what is missing
    if is_html:
        return controller(app).submit(token, raw, language, now)
    return ok(controller(app).submit_json(token, raw, now))


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    routes = {"GET /sales/feedback/{token}": partial(show, app), "POST /sales/feedback/{token}": partial(submit, app)}
    return serve(app, event, routes)


handler = on_lambda(handle)
