"""Is this a robot? Doubtful posts are stored in quarantine and listed for a person: nothing is lost, nobody is mailed.

The answer looks like success, so that a robot learns nothing; only a failed CAPTCHA is told, for a person can retry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.errors import Invalid
from sodate.forms.definition import Form
from sodate.forms.submission import Controls
from sodate.signing import Signer

#: (CAPTCHA answer, expected host name) → None when it is a person, else a reason code.
CaptchaCheck = Callable[[str, str | None], str | None]


@dataclass(frozen=True)
class Suspicion:
    reason: str
    told: bool = False


def time_token(form_id: str, signer: Signer, now: datetime) -> str:
    """Says when the form was fetched; signed, so a robot cannot make one up."""
    return signer.sign(_purpose(form_id), {"t": int(now.timestamp())}, now, timedelta(days=7))


def suspect(form: Form, controls: Controls, signer: Signer, captcha: CaptchaCheck, now: datetime) -> Suspicion | None:
    if controls.website:
        return Suspicion("honeypot")
    doubt = _token_doubt(form, controls.token, signer, now)
    if doubt is not None:
        return Suspicion(doubt)
    if form.bots.captcha != "none":
        refused = captcha(controls.captcha, form.bots.captcha_hostname) if controls.captcha else "captcha_missing"
        if refused is not None:
            return Suspicion(refused, told=True)
    return None


def _token_doubt(form: Form, token: str | None, signer: Signer, now: datetime) -> str | None:
    if token is None:
        return "no_token" if form.bots.token_required else None
    try:
        fetched = int(signer.verify(_purpose(form.id), token, now)["t"])
    except (Invalid, KeyError, TypeError, ValueError):
        return "bad_token"
    age = now.timestamp() - fetched
    if age < form.bots.minimum_seconds:
        return "too_fast"
    return "stale_token" if age > form.bots.maximum_hours * 3600 else None


def _purpose(form_id: str) -> str:
    return f"form-token:{form_id}"
