"""The feedback link of a hand-off. GET only shows a page; POST records feedback from its form or from JSON."""

from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.http import serve
from sodate.sales.feedback_controller import FeedbackController
from sodate.web.body import BodyError, decode, parse_body
from sodate.web.http import Request, Response, ok
from sodate.web.negotiation import is_html_post, preferred_language


def controller() -> FeedbackController:
    return FeedbackController(container.definitions(), container.feedback_links())


def show(request: Request) -> Response:
    return controller().show(request.path["token"], preferred_language(request.headers), clock.now())


def submit(request: Request) -> Response:
    token, language, now = request.path["token"], preferred_language(request.headers), clock.now()
    is_html = is_html_post(request.headers)
    try:
        raw = parse_body(decode(request.body, request.is_base64), request.headers)
    except BodyError as error:
        if not is_html or error.status != 400:
            raise
        raw = {}  # an empty form: the page shows what is missing
    if is_html:
        return controller().submit(token, raw, language, now)
    return ok(controller().submit_json(token, raw, now))


ROUTES = {"GET /sales/feedback/{token}": show, "POST /sales/feedback/{token}": submit}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    container.bind_table()
    return serve(event, ROUTES)
