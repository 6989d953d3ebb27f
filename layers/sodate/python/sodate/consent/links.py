"""Signed links in emails. GET only shows a page, POST changes state, so a link scanner cannot confirm anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.consent.consent import LINK_LIFETIME
from sodate.reply_address import ReplyAddresses
from sodate.signing import Signer

OPT_IN = "opt-in"
UNSUBSCRIBE = "unsubscribe"
#: Takes an opt-out back; only the page that follows the opt-out holds such a token.
UNDO = "undo-unsubscribe"
PREFERENCES = "preferences"
#: Of a lead to its own data (`privacy.links`).
PRIVACY = "privacy"
VISITOR = "visitor"
#: Query parameter of a marketing link that says which lead opens it; the beacon takes it out of the address bar.
VISITOR_PARAMETER = "sd_v"
#: Longer than people read an email, shorter than it lies in an archive that others search.
VISITOR_LIFETIME = timedelta(days=30)
#: 特定電子メール法 and Gmail require the link to work for as long as the email stays in the mailbox.
UNSUBSCRIBE_LIFETIME = timedelta(days=800)
#: The page shows consents and can renew them, so a forwarded email must not give access to it for years.
PREFERENCES_LIFETIME = timedelta(days=30)


def is_ours(link: str) -> bool:
    """An opt-in, unsubscribe, preferences or privacy link, under any public URL."""
    return any(f"/{kind}/" in link for kind in (OPT_IN, UNSUBSCRIBE, PREFERENCES, PRIVACY))


@dataclass(frozen=True)
class Links:
    """`base` is the public URL of the API, without a trailing slash. `replies`: None while the stage receives none."""

    base: str
    signer: Signer
    replies: ReplyAddresses | None = None

    def opt_in(self, lead_id: str, consent_sort_key: str, now: datetime) -> str:
        token = self.signer.sign(OPT_IN, {"l": lead_id, "c": consent_sort_key}, now, LINK_LIFETIME)
        return f"{self.base}/opt-in/{token}"

    def unsubscribe(self, lead_id: str, send_id: str, topic: str, now: datetime) -> str:
        token = self.signer.sign(UNSUBSCRIBE, {"l": lead_id, "s": send_id, "t": topic}, now, UNSUBSCRIBE_LIFETIME)
        return f"{self.base}/unsubscribe/{token}"

    def preferences(
        self, lead_id: str, now: datetime, send_id: str | None = None, lifetime: timedelta = PREFERENCES_LIFETIME
    ) -> str:
        """`send_id`: the email with the link, to which an opt-out on the page is counted."""
        payload = {"l": lead_id} if send_id is None else {"l": lead_id, "s": send_id}
        token = self.signer.sign(PREFERENCES, payload, now, lifetime)
        return f"{self.base}/preferences/{token}"

    def visitor_token(self, lead_id: str, now: datetime) -> str:
        return self.signer.sign(VISITOR, {"l": lead_id}, now, VISITOR_LIFETIME)

    def reply_to(self, lead_id: str, send_id: str) -> str | None:
        """The address that receives replies to this email; None: those of the sender in the playbook."""
        return self.replies.of_send(lead_id, send_id) if self.replies else None


def without_visitor(link: str) -> str:
    """A clicked link without the token that says who opened it: a log must not hold what identifies."""
    before, mark, fragment = link.partition("#")
    path, _, query = before.partition("?")
    if VISITOR_PARAMETER not in query:
        return link
    kept = "&".join(part for part in query.split("&") if part.partition("=")[0] != VISITOR_PARAMETER)
    return path + (f"?{kept}" if kept else "") + mark + fragment


def read_visitor_token(signer: Signer, token: str, now: datetime) -> str:
    """The lead that the token was made for.

    Raises: `Invalid` for one that is not ours, or too old.
    """
    return str(signer.verify(VISITOR, token, now)["l"])
