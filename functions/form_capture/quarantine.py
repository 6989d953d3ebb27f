"""`GET` and `POST /quarantine/{token}`: somebody of the company looks at doubtful posts and releases the real ones."""

from functools import partial

from sodate.email.issuer import live_mailing
from sodate.forms.capture import Capture
from sodate.forms.definition import Form
from sodate.forms.quarantine_controller import QuarantineController
from sodate.runtime.app import App
from sodate.runtime.http import Route
from sodate.scenarios.enroll import on_opt_in
from sodate.web.body import decode
from sodate.web.http import Request, Response
from sodate.web.negotiation import preferred_language


def controller(app: App) -> QuarantineController:
    def capture(form: Form) -> Capture:
        secret, on_confirmed = app.secrets.address_secret(), on_opt_in(app.definitions)
        return Capture(form, secret, on_confirmed, app.new_id, app.clock.pause)

    return QuarantineController(app.definitions, app.secrets.signer(), live_mailing(app.definitions), capture)


def show(app: App, request: Request) -> Response:
    return controller(app).show(request.path["token"], preferred_language(request.headers), app.clock.now())


def release(app: App, request: Request) -> Response:
    body, language = decode(request.body, request.is_base64), preferred_language(request.headers)
    return controller(app).release(request.path["token"], body, language, app.clock.now())


def routes(app: App) -> dict[str, Route]:
    return {"GET /quarantine/{token}": partial(show, app), "POST /quarantine/{token}": partial(release, app)}
