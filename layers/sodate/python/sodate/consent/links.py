"""Signed links in emails. GET only shows a page, POST changes state, so a link scanner cannot confirm anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.consent.consent import LINK_LIFETIME
from sodate.signing import Signer

OPT_IN = "opt-in"
UNSUBSCRIBE = "unsubscribe"
PREFERENCES = "preferences"
#: 特定電子メール法 and Gmail require the link to work for as long as the email stays in the mailbox.
UNSUBSCRIBE_LIFETIME = timedelta(days=800)
#: The page shows consents and can renew them, so a forwarded email must not give access to it for years.
PREFERENCES_LIFETIME = timedelta(days=30)


def is_ours(link: str) -> bool:
    """An opt-in, unsubscribe or preferences link, under any public URL."""
    return any(f"/{kind}/" in link for kind in (OPT_IN, UNSUBSCRIBE, PREFERENCES))


@dataclass(frozen=True)
class Links:
    """`base` is the public URL of the API, without a trailing slash."""

    base: str
    signer: Signer

    def opt_in(self, lead_id: str, consent_sort_key: str, now: datetime) -> str:
        token = self.signer.sign(OPT_IN, {"l": lead_id, "c": consent_sort_key}, now, LINK_LIFETIME)
        return f"{self.base}/opt-in/{token}"

    def unsubscribe(self, lead_id: str, send_id: str, topic: str, now: datetime) -> str:
        token = self.signer.sign(UNSUBSCRIBE, {"l": lead_id, "s": send_id, "t": topic}, now, UNSUBSCRIBE_LIFETIME)
        return f"{self.base}/unsubscribe/{token}"

    def preferences(self, lead_id: str, now: datetime) -> str:
        token = self.signer.sign(PREFERENCES, {"l": lead_id}, now, PREFERENCES_LIFETIME)
        return f"{self.base}/preferences/{token}"
