"""Signed links of a lead to its own data. The first one is on the preference page and only asks; what it asks for
happens by a second one that is mailed to the address, so that it proves the mailbox, and ends after a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sodate.errors import Invalid
from sodate.signing import Signer

Request = Literal["export", "erase"]
REQUESTS: tuple[Request, ...] = ("export", "erase")
_ASK, _ACT = "privacy-ask", "privacy-act"
#: As long as the link to the preference page, on which it stands.
ASK_LIFETIME = timedelta(days=30)
ACT_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Ticket:
    """`request`: what the mailed link does; None for the link that asks."""

    lead_id: str
    request: Request | None


@dataclass(frozen=True)
class DataLinks:
    """`base` is the public URL of the API, without a trailing slash."""

    base: str
    signer: Signer

    def ask(self, lead_id: str, now: datetime) -> str:
        return f"{self.base}/privacy/{self.signer.sign(_ASK, {'l': lead_id}, now, ASK_LIFETIME)}"

    def act(self, lead_id: str, request: Request, now: datetime) -> str:
        token = self.signer.sign(_ACT, {"l": lead_id, "r": request}, now, ACT_LIFETIME)
        return f"{self.base}/privacy/{token}"

    def read(self, token: str, now: datetime) -> Ticket:
        """Raises: `Invalid` with code `link_broken` or `link_expired`."""
        try:
            payload = self.signer.verify(_ACT, token, now)
        except Invalid as error:
            if error.code == "link_expired":
                raise
            return Ticket(str(self.signer.verify(_ASK, token, now).get("l")), None)
        request = payload.get("r")
        if request not in REQUESTS:
            raise Invalid("this link is not one of ours", "link_broken")
        return Ticket(str(payload.get("l")), request)
