"""One post, split into form fields, controls, and source data of the page. Reserved names begin with `_`."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sodate.activities.arrival import CLICK_IDS, click_ids_in
from sodate.forms.answers import Answers, FieldErrors

_SUBMISSION_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_SOURCES = {
    "_page_url": 1000,
    "_referrer": 1000,
    "_utm_source": 200,
    "_utm_medium": 200,
    "_utm_campaign": 200,
    "_utm_term": 200,
    "_utm_content": 200,
    "_visitor": 100,
    "_time_zone": 60,
}
_CLICK_IDS = {f"_{kind}": 500 for kind in CLICK_IDS}
#: `source.<name>` of a lead that came by a form or an import; an import may fill others.
SOURCE_NAMES = frozenset(("form", "import", *(name[1:] for name in _SOURCES)))
#: Internals of Contact Form 7, which its webhooks may send along.
_NOT_OURS = "_wpcf7"
_CONTROLS = {"_token": 2000, "_website": 500, "_redirect": 2000, "_captcha": 4000, "_submission_id": 100}
CAPTCHA_FIELD = "cf-turnstile-response"
_KNOWN = frozenset((*_SOURCES, *_CLICK_IDS, *_CONTROLS))


@dataclass(frozen=True)
class Controls:
    submission_id: str | None = None
    token: str | None = None
    website: str = ""
    redirect: str | None = None
    captcha: str | None = None


@dataclass(frozen=True)
class Submission:
    """`source`: of the page, and click ids of ad platforms. `ticked_at`: when the person agreed, where that is not
    `at`: the post waited in quarantine."""

    form_id: str
    form_version: int
    at: datetime
    answers: Answers
    controls: Controls
    source: dict[str, str] = field(default_factory=dict)
    ticked_at: datetime | None = None

    @property
    def origin(self) -> dict[str, str]:
        """`source` without click ids: they name one click, and no condition asks for them."""
        return {name: value for name, value in self.source.items() if name not in CLICK_IDS}

    @property
    def click_ids(self) -> dict[str, str]:
        return click_ids_in(self.source)

    @property
    def digest(self) -> str:
        """Equal for equal answers of the same address on the same form."""
        answers = {name: value for name, value in self.answers.values.items() if value != self.answers.address.typed}
        text = json.dumps([self.form_id, self.answers.address.match, answers], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def receipt_name(self) -> str:
        """Posts of a form with the same name compete for one receipt."""
        return self.controls.submission_id or self.digest


def split(raw: dict[str, Any]) -> tuple[dict[str, Any], Controls, dict[str, str]]:
    """(form fields, controls, source). Source values are cut to their limit, never rejected.

    Raises: `FieldErrors` for unknown reserved names and invalid controls.
    """
    raw = {name: value for name, value in raw.items() if not name.startswith(_NOT_OURS)}
    fields = {name: value for name, value in raw.items() if not _is_reserved(name)}
    renamed = {("_captcha" if name == CAPTCHA_FIELD else name): value for name, value in raw.items()}
    reserved = {name: value for name, value in renamed.items() if name.startswith("_")}
    wrong = {name[:60]: ["unknown_field"] for name in reserved if name not in _KNOWN} | {
        name: ["type"] for name, value in reserved.items() if name in _CONTROLS and not isinstance(value, str)
    }
    if wrong:
        raise FieldErrors(wrong)
    source = {
        name[1:]: value.strip()[:limit]
        for name, limit in (_SOURCES | _CLICK_IDS).items()
        if isinstance(value := reserved.get(name), str) and value.strip()
    }
    return fields, _controls(reserved), source


def carried(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The reserved names of a post with their texts, for a page that sends the same post again."""
    return [(name, value) for name, value in raw.items() if name in _KNOWN and isinstance(value, str)]


def _is_reserved(name: str) -> bool:
    return name == CAPTCHA_FIELD or (name.startswith("_") and not name.startswith("__"))


def _controls(reserved: dict[str, str]) -> Controls:
    submission_id = reserved.get("_submission_id") or None
    if submission_id is not None and not _SUBMISSION_ID.fullmatch(submission_id):
        raise FieldErrors({"_submission_id": ["format"]})
    return Controls(
        submission_id=submission_id,
        token=reserved.get("_token") or None,
        website=reserved.get("_website", "").strip(),
        redirect=reserved.get("_redirect") or None,
        captcha=reserved.get("_captcha") or None,
    )
