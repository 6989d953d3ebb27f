"""`GET /forms/{form_id}` and `POST /forms/{form_id}/submissions`: a web form becomes a lead, exactly once."""

from functools import cache
from typing import Any

from sodate.forms.answers import FieldErrors
from sodate.forms.receive import FormController, check_origin
from sodate.forms.submission_plan import Outcome
from sodate.runtime import clock, container
from sodate.runtime.http import serve
from sodate.runtime.metrics import Metric, count
from sodate.scenarios.enroll import on_opt_in
from sodate.web import pages
from sodate.web.http import Request, Response, accepted, created, ok, page, redirect, refused, wrong_entries
from sodate.web.negotiation import is_html_post


@cache
def controller() -> FormController:
    definitions = container.definitions()
    return FormController(
        definitions=definitions,
        signer=container.signer,
        address_secret=container.address_secret,
        captcha=container.captcha(),
        on_confirmed=on_opt_in(definitions),
        new_id=container.new_id,
        pause=container.pause,
    )


def show(request: Request) -> Response:
    form, version = controller().form(request.path["form_id"])
    check_origin(form, request.headers)
    return ok(controller().describe(form, version, clock.now()))


def submit(request: Request) -> Response:
    form, version = controller().form(request.path["form_id"])
    check_origin(form, headers := request.headers)
    html = is_html_post(headers)
    try:
        captured, target = controller().receive(form, version, request.body, request.is_base64, headers, clock.now())
    except FieldErrors as error:
        if not html:
            raise
        return wrong_entries(pages.field_errors(form.language, error.named_by(form)))
    if captured.outcome in (Outcome.QUARANTINED, Outcome.CHECK_FAILED):
        count(Metric.QUARANTINED_SUBMISSIONS, 1)
    if captured.outcome is Outcome.CHECK_FAILED:
        return refused(captured.reason, "please solve the check again")
    if not html:
        answer = {Outcome.STORED: created, Outcome.NOT_MAILABLE: accepted}.get(captured.outcome, ok)
        return answer({"submission_id": captured.submission_id, "status": "accepted"})
    return redirect(target) if target else page(pages.message("thanks", form.language, pages.Issuer()))


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    container.bind_table()
    return serve(event, {"GET /forms/{form_id}": show, "POST /forms/{form_id}/submissions": submit})
