"""Opt-in, unsubscribe and preferences. GET shows a page and changes nothing; POST acts (RFC 8058 one-click too)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sodate.consent.consent import RETENTION
from sodate.consent.opt_in_controller import OptInController
from sodate.consent.preference_controller import PreferenceController, no_data_link
from sodate.consent.unsubscribe_controller import UnsubscribeController
from sodate.consent.visit import Visits
from sodate.email.issuer import issuer_of
from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.forms.form_words import form_words
from sodate.playbook.store import parsed
from sodate.privacy.links import DataLinks
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import Route, serve
from sodate.scenarios.enroll import on_opt_in
from sodate.web.body import decode
from sodate.web.http import Request, Response
from sodate.web.negotiation import preferred_language

Show = Callable[[str, str, datetime], Response]
Act = Callable[[str, bytes, str, datetime], Response]


def controllers(app: App) -> tuple[OptInController, UnsubscribeController, PreferenceController]:
    """Without a readable playbook the pages lack the sender's name and the topics; opting out still works."""
    definitions, signer = app.definitions, app.secrets.signer()
    visits, retention = Visits(signer), RETENTION
    link: Callable[[str, datetime], str] = no_data_link
    try:
        mailing = parsed(definitions.live("mailing"), Mailing)
    except (NotFound, Transient):
        pass
    else:
        topics = tuple((topic.id, topic.name, topic.description) for topic in mailing.topics)
        visits, retention = Visits(signer, issuer_of(mailing), topics), mailing.retention
        link = DataLinks("..", signer).ask if mailing.privacy.self_service.is_offered else no_data_link
    opt_in = OptInController(visits, on_opt_in(definitions), partial(form_words, definitions))
    return opt_in, UnsubscribeController(visits, retention), PreferenceController(visits, retention, link)


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    def get_route(page: Show) -> Route:
        def route(request: Request) -> Response:
            return page(request.path["token"], preferred_language(request.headers), app.clock.now())

        return route

    def post_route(page: Act) -> Route:
        def route(request: Request) -> Response:
            body, language = decode(request.body, request.is_base64), preferred_language(request.headers)
            return page(request.path["token"], body, language, app.clock.now())

        return route

    opt_in, leave, preferences = controllers(app)
    routes = {
        "GET /opt-in/{token}": get_route(opt_in.ask),
        "POST /opt-in/{token}": get_route(opt_in.confirm),
        "GET /unsubscribe/{token}": get_route(leave.ask),
        "POST /unsubscribe/{token}": post_route(leave.unsubscribe),
        "GET /preferences/{token}": get_route(preferences.ask),
        "POST /preferences/{token}": post_route(preferences.change),
    }
    return serve(app, event, routes)


handler = on_lambda(handle)
