"""HTTP controller of forms: receives posts and serves the public form description."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.consent.confirm import OnConfirmed
from sodate.errors import NotAllowed, NotFound
from sodate.forms.answers import read_answers
from sodate.forms.bots import CaptchaCheck, suspect, time_token
from sodate.forms.capture import Capture
from sodate.forms.definition import Form
from sodate.forms.submission import Submission, split
from sodate.forms.submission_plan import Captured
from sodate.forms.tokenless import suspect_tokenless
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.signing import Signer
from sodate.web.body import decode, parse_body


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

    def form(self, form_id: str) -> tuple[Form, int]:
        """The live form and its version.

        Raises: `NotFound` for an unknown or closed form.
        """
        stored = self.definitions.live("form", form_id)
        form = parsed(stored, Form)
        if form.status != "open":
            raise NotFound(Message("no form named {form_id!r}", form_id=form_id))
        return form, stored.version

    def describe(self, form: Form, version: int, now: datetime) -> dict[str, Any]:
        fields = [field.model_dump(exclude={"maps_to"}, exclude_none=True, mode="json") for field in form.fields]
        return {
            "id": form.id,
            "version": version,
            "title": form.title,
            "language": form.language,
            "fields": fields,
            "consent": {"field": form.consent.field, "wording": form.consent.wording} if form.consent else None,
            "captcha": form.bots.captcha,
            "_token": time_token(form.id, self.signer(), now),
        }

    def receive(
        self, form: Form, version: int, body: str | None, is_base64: bool, headers: Mapping[str, str], now: datetime
    ) -> tuple[Captured, str | None]:
        """Store the post. Returns the result, and the redirect target of an HTML form (listed in the form, or None).

        Raises: `BodyError`, `FieldErrors`, `Transient`.
        """
        fields, controls, source = split(parse_body(decode(body, is_base64), headers))
        submission = Submission(form.id, version, now, read_answers(form, fields), controls, source)
        suspicion = suspect(form, controls, self.signer(), self.captcha, now)
        suspicion = suspicion or suspect_tokenless(form, submission, now)
        capture = Capture(form, self.address_secret(), self.on_confirmed, self.new_id, self.pause)
        target = controls.redirect if controls.redirect in form.redirects else next(iter(form.redirects), None)
        return capture.store(submission, suspicion), target


def check_origin(form: Form, headers: Mapping[str, str]) -> None:
    """Check the Origin header; API Gateway sends the CORS headers (ADR 0010).

    A post without an Origin header does not come from a browser and is allowed: CORS is not authorisation.

    Raises: `NotAllowed` for an origin that the form does not list.
    """
    origin = headers.get("origin")
    if origin is not None and origin not in form.origins:
        raise NotAllowed(Message("this page may not post this form; add its origin to the form's `origins`"), "origin")
