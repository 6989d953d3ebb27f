"""Opt-in confirmation and unsubscribe. GET shows a page and changes nothing; POST acts (RFC 8058 one-click too)."""

from typing import Any

from sodate.consent import pages
from sodate.consent.desk import ConsentDesk, Page, preferred_language
from sodate.errors import NotFound
from sodate.forms.body import decode
from sodate.mail.sender import Mailing
from sodate.runtime import clock, container
from sodate.runtime.http import Request, Response, serve
from sodate.scenarios.enrol import on_opt_in


def desk() -> ConsentDesk:
    definitions = container.definitions()
    return ConsentDesk(container.signer(), on_opt_in(definitions), _issuer())


def _issuer() -> pages.Issuer:
    try:
        sender = Mailing.model_validate(container.definitions().live("mailing").body).sender
    except NotFound:
        return pages.Issuer()
    return pages.Issuer(sender.name, sender.contact)


def ask_opt_in(request: Request) -> Response:
    return _html(desk().ask_opt_in(request.path["token"], preferred_language(request.headers), clock.now()))


def confirm(request: Request) -> Response:
    return _html(desk().confirm(request.path["token"], preferred_language(request.headers), clock.now()))


def ask_unsubscribe(request: Request) -> Response:
    return _html(desk().ask_unsubscribe(request.path["token"], preferred_language(request.headers), clock.now()))


def unsubscribe(request: Request) -> Response:
    body = decode(request.body, request.is_base64)
    return _html(desk().unsubscribe(request.path["token"], body, preferred_language(request.headers), clock.now()))


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    routes = {
        "GET /opt-in/{token}": ask_opt_in,
        "POST /opt-in/{token}": confirm,
        "GET /unsubscribe/{token}": ask_unsubscribe,
        "POST /unsubscribe/{token}": unsubscribe,
    }
    return serve(event, routes)


def _html(page: Page) -> Response:
    return Response(page.status, page.html, pages.HEADERS)
