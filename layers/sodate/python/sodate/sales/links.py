"""Signed feedback links: one lead, signal and addressee, with an expiry. Any holder of the link may answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sodate.errors import Invalid
from sodate.messages import Message
from sodate.signing import Signer

FEEDBACK = "sales-feedback"


@dataclass(frozen=True)
class Ticket:
    lead_id: str
    signal: str
    owner: str


@dataclass(frozen=True)
class FeedbackLinks:
    """`base` is the public address of the API, without a slash at the end."""

    base: str
    signer: Signer

    def url(self, ticket: Ticket, now: datetime, days: int) -> str:
        return self.url_of(self.token(ticket, now, timedelta(days=days)))

    def url_of(self, token: str) -> str:
        return f"{self.base}/sales/feedback/{token}"

    def token(self, ticket: Ticket, now: datetime, lifetime: timedelta) -> str:
        payload = {"l": ticket.lead_id, "s": ticket.signal, "o": ticket.owner}
        return self.signer.sign(FEEDBACK, payload, now, lifetime)

    def read(self, token: str, now: datetime) -> Ticket:
        """The ticket of a token.

        Raises: `Invalid` with code `link_broken` or `link_expired`.
        """
        payload = self.signer.verify(FEEDBACK, token, now)
        parts = [payload.get(name) for name in ("l", "s", "o")]
        if not all(isinstance(part, str) for part in parts):
            raise Invalid(Message("this link is not one of ours"), "link_broken")
        return Ticket(*(str(part) for part in parts))
