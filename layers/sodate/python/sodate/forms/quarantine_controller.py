"""HTTP controller of the page of doubtful posts. GET only shows them; POST makes one of them a lead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from sodate.email.issuer import issuer_of
from sodate.email.mailing import Mailing
from sodate.errors import Conflict, Invalid, NotFound
from sodate.forms.answers import FieldErrors
from sodate.forms.capture import Capture
from sodate.forms.definition import Form, FormField
from sodate.forms.quarantine_links import check
from sodate.forms.release import form_to_release, release
from sodate.forms.store import SubmissionItem
from sodate.forms.waiting import posts_in_quarantine
from sodate.playbook.store import Definitions, parsed
from sodate.signing import Signer
from sodate.web.http import Response, broken_link, page
from sodate.web.pages import Issuer
from sodate.web.quarantine_page import DoubtfulPost, no_quarantine_page, quarantine_page

_MOST_SHOWN = 50


@dataclass(frozen=True)
class QuarantineController:
    """`capture`: of a form, to release a post of it."""

    definitions: Definitions
    signer: Signer
    mailing: Mailing | None
    capture: Callable[[Form], Capture]

    def show(self, token: str, language: str, now: datetime) -> Response:
        return self._answer(token, language, now, "")

    def release(self, token: str, body: bytes, language: str, now: datetime) -> Response:
        """`body`: the form of the page, with the `id` of a post."""
        return self._answer(token, language, now, _id(body))

    def _answer(self, token: str, language: str, now: datetime, submission_id: str) -> Response:
        """`submission_id`: empty to release nothing."""
        issuer = issuer_of(self.mailing) if self.mailing else Issuer()
        try:
            check(self.signer, token, now)
        except Invalid as error:
            return broken_link(no_quarantine_page(error.code, language, issuer))
        posts = posts_in_quarantine(now)
        result = self._release(posts, submission_id, now) if submission_id else ""
        gone = submission_id if result == "released" else ""
        waiting = [item for item in posts if item.released is None and item.submission_id != gone]
        newest = [self._shown(item) for item in reversed(waiting)]
        return page(quarantine_page(newest[:_MOST_SHOWN], len(newest), result, language, issuer))

    def _release(self, posts: list[SubmissionItem], submission_id: str, now: datetime) -> str:
        """What became of it: a key of the catalogs' `quarantine`."""
        stored = next((item for item in posts if item.submission_id == submission_id), None)
        if stored is None:
            return "not_there"
        try:
            release(self.capture(form_to_release(self.definitions, stored)), stored, now)
        except (NotFound, Conflict, FieldErrors):
            return "form_changed"
        return "released"

    def _shown(self, item: SubmissionItem) -> DoubtfulPost:
        zone = ZoneInfo(self.mailing.sender.time_zone if self.mailing else "UTC")
        at = datetime.fromisoformat(item.at).astimezone(zone)
        try:
            form = parsed(self.definitions.live("form", item.form_id), Form)
        except NotFound:
            form = None
        fields = {field.name: field for field in form.fields} if form else {}
        answers = [
            (_label(name, form), _chosen(value, fields.get(name))) for name, value in item.read_answers().items()
        ]
        title = form.title if form else item.form_id
        return DoubtfulPost(item.submission_id, f"{at:%Y-%m-%d %H:%M}", title, item.suspicion or "", answers)


def _id(body: bytes) -> str:
    try:
        return parse_qs(body[:1000].decode("utf-8", "replace"), max_num_fields=5).get("id", [""])[0]
    except ValueError:
        return ""


def _label(name: str, form: Form | None) -> str:
    if form is not None and form.consent is not None and name == form.consent.field:
        return form.consent.wording
    return next((one.label for one in form.fields if one.name == name), "") or name if form is not None else name


def _chosen(value: object, field: FormField | None) -> bool | str:
    """A tick, or what was typed or chosen, as the form shows it."""
    if isinstance(value, bool):
        return value
    labels = {choice.value: choice.label for choice in field.choices} if field is not None else {}
    return ", ".join(labels.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value]))
