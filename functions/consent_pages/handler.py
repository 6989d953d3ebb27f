"""Opt-in, unsubscribe and preferences. GET shows a page and changes nothing; POST acts (RFC 8058 one-click too)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sodate.consent.controller import ConsentController, no_data_link
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.playbook.store import parsed
from sodate.privacy.links import DataLinks
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import Route, serve
from sodate.scenarios.enroll import on_opt_in
from sodate.web import pages
from sodate.web.body import decode
from sodate.web.http import Request, Response
from sodate.web.negotiation import preferred_language


def controller(app: App) -> ConsentController:
    """Without a readable playbook the pages lack the sender's name and the topics; opting out still works."""
    definitions, signer = app.definitions, app.secrets.signer()
    try:
        mailing = parsed(definitions.live("mailing"), Mailing)
    except (NotFound, Transient):
        return ConsentController(signer, on_opt_in(definitions), pages.Issuer())
    issuer = pages.Issuer(mailing.sender.name, mailing.sender.contact)
    topics = [(topic.id, topic.name, topic.description) for topic in mailing.topics]
    link = DataLinks("..", signer).ask if mailing.privacy.self_service.is_offered else no_data_link
    return ConsentController(signer, on_opt_in(definitions), issuer, topics, mailing.retention, link)


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    def get_route(page: Callable[[ConsentController, str, str, datetime], Response]) -> Route:
        def route(request: Request) -> Response:
            language = preferred_language(request.headers)
            return page(controller(app), request.path["token"], language, app.clock.now())

        return route

    def post_route(page: Callable[[ConsentController, str, bytes, str, datetime], Response]) -> Route:
        def route(request: Request) -> Response:
            body, language = decode(request.body, request.is_base64), preferred_language(request.headers)
            return page(controller(app), request.path["token"], body, language, app.clock.now())

        return route

    routes = {
        "GET /opt-in/{token}": get_route(ConsentController.ask_opt_in),
        "POST /opt-in/{token}": get_route(ConsentController.confirm),
        "GET /unsubscribe/{token}": get_route(ConsentController.ask_unsubscribe),
        "POST /unsubscribe/{token}": post_route(ConsentController.unsubscribe),
        "GET /preferences/{token}": get_route(ConsentController.ask_preferences),
        "POST /preferences/{token}": post_route(ConsentController.change_preferences),
    }
    return serve(app, event, routes)


handler = on_lambda(handle)
