"""HTTP controller of forms: receives posts and serves the public form description."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.consent.confirm import OnConfirmed
from sodate.errors import NotAllowed, NotFound
from sodate.forms.answers import FieldErrors, read_answers
from sodate.forms.bots import CaptchaCheck, suspect, time_token
from sodate.forms.capture import Capture
from sodate.forms.definition import Form
from sodate.forms.error_page import error_page
from sodate.forms.names import by_field
from sodate.forms.submission import Submission, split
from sodate.forms.submission_plan import Captured
from sodate.forms.tokenless import suspect_tokenless
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.signing import Signer
from sodate.web.body import Raw, decode, parse_body
from sodate.web.cors import LOCALHOST, is_listed
from sodate.web.http import Request
from sodate.web.pages import Issuer, Page


@dataclass(frozen=True)
class FormController:
    """Dependencies of the two form routes. `pause` waits before retry number n."""

    definitions: Definitions
    signer: Callable[[], Signer]
    address_secret: Callable[[], bytes]
    captcha: CaptchaCheck
    on_confirmed: OnConfirmed
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    is_local: bool

    def form(self, form_id: str) -> tuple[Form, int]:
        """The live form and its version; on the local stage any page of the developer's own machine may post it too.

        Raises: `NotFound` for an unknown or closed form.
        """
        stored = self.definitions.live("form", form_id)
        form = parsed(stored, Form)
        if form.status != "open":
            raise NotFound(Message("no form named {form_id!r}", form_id=form_id))
        if self.is_local:
            form = form.model_copy(update={"origins": (*form.origins, LOCALHOST)})
        return form, stored.version

    def allowed_form(self, form_id: str, headers: Mapping[str, str]) -> tuple[Form, int]:
        """The form, for a request of a page that may post it.

        A request without an Origin header does not come from a browser and is allowed: CORS is not authorisation. The
        page that shows wrong entries is of this site itself.
        Raises: `NotAllowed` for an origin that the form does not list; `NotFound` as `form` does.
        """
        form, version = self.form(form_id)
        origin = headers.get("origin")
        own = f"https://{headers.get('host')}"
        if origin is not None and origin != own and not is_listed(origin, form.origins):
            raise NotAllowed(
                Message("this page may not post this form; add its origin to the form's `origins`"), "origin"
            )
        return form, version

    def origins(self, form_id: str) -> tuple[str, ...]:
        """Whose pages may post the form. Raises: `NotFound` as `form` does."""
        return self.form(form_id)[0].origins

    def describe(self, form: Form, version: int, now: datetime) -> dict[str, Any]:
        fields = [
            field.model_dump(exclude={"maps_to", "aliases"}, exclude_none=True, mode="json") for field in form.fields
        ]
        return {
            "id": form.id,
            "version": version,
            "title": form.title,
            "language": form.language,
            "fields": fields,
            "consent": {"field": form.consent.field, "wording": form.consent.wording} if form.consent else None,
            "captcha": form.bots.captcha,
            "minimum_seconds": form.bots.minimum_seconds,
            "_token": time_token(form.id, self.signer(), now),
        }

    def receive(self, form: Form, version: int, request: Request, now: datetime) -> tuple[Captured, str | None]:
        """Store the post. Returns the result, and the `_redirect` it asked for if the form lists it.

        Raises: `BodyError`, `FieldErrors`, `Transient`.
        """
        sent, controls, source = split(_raw(request))
        fields = by_field(form, sent)
        submission = Submission(form.id, version, now, read_answers(form, fields), controls, source)
        suspicion = suspect(form, controls, self.signer(), self.captcha, now)
        suspicion = suspicion or suspect_tokenless(form, submission, now)
        capture = Capture(form, self.address_secret(), self.on_confirmed, self.new_id, self.pause)
        target = controls.redirect if controls.redirect in form.redirects else None
        return capture.store(submission, suspicion), target

    def show_errors(self, form: Form, error: FieldErrors, request: Request, issuer: Issuer) -> Page:
        """The form again, for a request that `receive` refused with `error`."""
        return error_page(form, error, _raw(request), issuer)


def _raw(request: Request) -> Raw:
    """Raises: `BodyError`."""
    return parse_body(decode(request.body, request.is_base64), request.headers)
