"""Opt-in, unsubscribe and preferences. GET shows a page and changes nothing; POST acts (RFC 8058 one-click too)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sodate.consent.consent import RETENTION
from sodate.consent.opt_in_controller import OptInController
from sodate.consent.preference_controller import PreferenceController, no_data_link
from sodate.consent.unsubscribe_controller import UnsubscribeController
from sodate.consent.visit import Visits
from sodate.email.issuer import live_mailing, shown_by
from sodate.forms.form_words import form_words
from sodate.privacy.links import DataLinks
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import Route, serve
from sodate.scenarios.enroll import on_opt_in
from sodate.web.body import decode
from sodate.web.http import Request, Response
from sodate.web.negotiation import preferred_language


def controllers(app: App) -> tuple[OptInController, UnsubscribeController, PreferenceController]:
    """Without a readable playbook the pages lack the sender's name and the topics; opting out still works."""
    definitions, signer = app.definitions, app.secrets.signer()
    mailing = live_mailing(definitions)
    visits = Visits(signer, *shown_by(mailing))
    retention = mailing.retention if mailing else RETENTION
    offers_data = mailing is not None and mailing.privacy.self_service.is_offered
    opt_in = OptInController(visits, on_opt_in(definitions), partial(form_words, definitions))
    data_link = DataLinks("..", signer).ask if offers_data else no_data_link
    return opt_in, UnsubscribeController(visits, retention), PreferenceController(visits, retention, data_link)


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    def get_route(page: Callable[..., Response]) -> Route:
        return lambda request: page(request.path["token"], preferred_language(request.headers), app.clock.now())

    def post_route(page: Callable[..., Response]) -> Route:
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
