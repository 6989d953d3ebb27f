"""Server-side check of Cloudflare Turnstile. Off by default; while the service is down, posts go to quarantine.

Source: developers.cloudflare.com/turnstile (a token is single use, valid for 300 s, at most 2,048 characters).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ADDRESS = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
_LONGEST = 2048

#: POSTs JSON to a URL and returns the decoded response; raises OSError when the service is unreachable.
PostJson = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Turnstile:
    secret: Callable[[], str | None]
    post_json: PostJson

    def __call__(self, answer: str, hostname: str | None) -> str | None:
        secret = self.secret()
        if not secret:
            return "captcha_not_configured"
        if len(answer) > _LONGEST:
            return "captcha_too_long"
        try:
            result = self.post_json(_ADDRESS, {"secret": secret, "response": answer})
        except (OSError, json.JSONDecodeError):
            return "captcha_unavailable"
        if result.get("success") is not True:
            codes = result.get("error-codes")
            first = codes[0] if isinstance(codes, list) and codes else "refused"
            return f"captcha_{first}"[:60]
        if hostname is not None and result.get("hostname") != hostname:
            return "captcha_hostname"
        return None
