"""Opt-in, unsubscribe and preferences. GET shows a page and changes nothing; POST acts (RFC 8058 one-click too)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sodate.consent import pages
from sodate.consent.controller import ConsentController, Page, preferred_language
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.forms.body import decode
from sodate.playbook.store import parsed
from sodate.runtime import clock, container
from sodate.runtime.http import Request, Response, Route, serve
from sodate.scenarios.enroll import on_opt_in


def controller() -> ConsentController:
    """Without a readable playbook the pages lack the sender's name and the topics; opting out still works."""
    definitions = container.definitions()
    signer, start = container.signer(), on_opt_in(definitions)
    try:
        mailing = parsed(definitions.live("mailing"), Mailing)
    except (NotFound, Transient):
        return ConsentController(signer, start, pages.Issuer())
    issuer, topics = pages.Issuer(mailing.sender.name, mailing.sender.contact), mailing.topics
    return ConsentController(signer, start, issuer, [(t.id, t.name, t.description) for t in topics], mailing.retention)


def get_route(page: Callable[[ConsentController, str, str, datetime], Page]) -> Route:
    def route(request: Request) -> Response:
        return _html(page(controller(), request.path["token"], preferred_language(request.headers), clock.now()))

    return route


def post_route(page: Callable[[ConsentController, str, bytes, str, datetime], Page]) -> Route:
    def route(request: Request) -> Response:
        body = decode(request.body, request.is_base64)
        return _html(page(controller(), request.path["token"], body, preferred_language(request.headers), clock.now()))

    return route


ROUTES = {
    "GET /opt-in/{token}": get_route(ConsentController.ask_opt_in),
    "POST /opt-in/{token}": get_route(ConsentController.confirm),
    "GET /unsubscribe/{token}": get_route(ConsentController.ask_unsubscribe),
    "POST /unsubscribe/{token}": post_route(ConsentController.unsubscribe),
    "GET /preferences/{token}": get_route(ConsentController.ask_preferences),
    "POST /preferences/{token}": post_route(ConsentController.change_preferences),
}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    return serve(event, ROUTES)


def _html(page: Page) -> Response:
    return Response(page.status, page.html, pages.HEADERS)
