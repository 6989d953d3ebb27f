"""`GET /forms/{form_id}` and `POST /forms/{form_id}/submissions`: a web form becomes a lead, exactly once."""

from functools import partial
from typing import Any

from sodate.email.issuer import live_issuer
from sodate.errors import NotAllowed
from sodate.forms.answers import FieldErrors
from sodate.forms.captcha import Turnstile
from sodate.forms.receive import FormController
from sodate.forms.submission_plan import Outcome
from sodate.runtime.app import App, on_lambda
from sodate.runtime.http import serve
from sodate.runtime.metrics import Metric
from sodate.scenarios.enroll import on_opt_in
from sodate.web import pages
from sodate.web.http import Request, Response, accepted, created, ok, page, redirect, wrong_entries
from sodate.web.negotiation import is_html_post

from functions.form_capture import quarantine


def controller(app: App) -> FormController:
    keys, captcha = app.secrets, Turnstile(app.secrets.captcha_secret, app.post_json)
    outside = on_opt_in(app.definitions), app.new_id, app.clock.pause, app.settings.is_local
    return FormController(app.definitions, keys.signer, keys.address_secret, captcha, *outside)


def show(app: App, forms: FormController, request: Request) -> Response:
    return ok(forms.describe(*forms.allowed_form(request.path["form_id"], request.headers), app.clock.now()))


def submit(app: App, forms: FormController, request: Request) -> Response:
    form, version = forms.allowed_form(request.path["form_id"], request.headers)
    try:
        captured, target = forms.receive(form, version, request, app.clock.now())
    except FieldErrors as error:
        if not is_html_post(request.headers):
            raise
        return wrong_entries(forms.show_errors(form, error, request, live_issuer(app.definitions)))
    if captured.outcome in (Outcome.QUARANTINED, Outcome.CHECK_FAILED):
        app.metrics.count(Metric.QUARANTINED_SUBMISSIONS, 1)
    if captured.outcome is Outcome.CHECK_FAILED:
        raise NotAllowed("please solve the check again", captured.reason)
    if not is_html_post(request.headers):
        answer = {Outcome.STORED: created, Outcome.NOT_MAILABLE: accepted}.get(captured.outcome, ok)
        body = {"submission_id": captured.submission_id, "status": "accepted"}
        return answer(body | ({"redirect": target} if target else {}))
    target = target or next(iter(form.redirects), None)
    return redirect(target) if target else page(pages.message("thanks", form.language, live_issuer(app.definitions)))


def handle(app: App, event: dict[str, Any]) -> dict[str, Any]:
    forms = controller(app)
    get, post = (partial(act, app, forms) for act in (show, submit))
    routes = {"GET /forms/{form_id}": get, "POST /forms/{form_id}/submissions": post} | quarantine.routes(app)
    return serve(app, event, routes, lambda request: forms.origins(request.path.get("form_id", "")))


handler = on_lambda(handle)
