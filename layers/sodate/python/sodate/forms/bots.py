"""Bot detection. A suspicious post goes to quarantine for an operator: it is stored, and no email is sent.

The response looks like success, so that a bot learns nothing; only a failed CAPTCHA is disclosed, because a human can
retry it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.errors import Invalid
from sodate.forms.definition import Form
from sodate.forms.submission import Controls
from sodate.signing import Signer

#: (CAPTCHA response token, expected host name) → None when the check passes, else a reason code.
CaptchaCheck = Callable[[str, str | None], str | None]


@dataclass(frozen=True)
class Suspicion:
    """`is_disclosed`: the client is told, instead of getting a response that looks like success."""

    reason: str
    is_disclosed: bool = False


def time_token(form_id: str, signer: Signer, now: datetime) -> str:
    """A signed token with the time at which the form was fetched; valid for 7 days."""
    return signer.sign(_purpose(form_id), {"t": int(now.timestamp())}, now, timedelta(days=7))


def suspect(form: Form, controls: Controls, signer: Signer, captcha: CaptchaCheck, now: datetime) -> Suspicion | None:
    """The first failed check of honeypot, token and CAPTCHA; None when all pass."""
    if controls.website:
        return Suspicion("honeypot")
    token_reason = _check_token(form, controls.token, signer, now)
    if token_reason is not None:
        return Suspicion(token_reason)
    if form.bots.captcha != "none":
        captcha_reason = (
            captcha(controls.captcha, form.bots.captcha_hostname) if controls.captcha else "captcha_missing"
        )
        if captcha_reason is not None:
            return Suspicion(captcha_reason, is_disclosed=True)
    return None


def _check_token(form: Form, token: str | None, signer: Signer, now: datetime) -> str | None:
    if token is None:
        return "no_token" if form.bots.token_required else None
    try:
        fetched = int(signer.verify(_purpose(form.id), token, now)["t"])
    except (Invalid, KeyError, TypeError, ValueError):
        return "bad_token"
    age_seconds = now.timestamp() - fetched
    if age_seconds < form.bots.minimum_seconds:
        return "too_fast"
    return "stale_token" if age_seconds > form.bots.maximum_hours * 3600 else None


def _purpose(form_id: str) -> str:
    return f"form-token:{form_id}"
