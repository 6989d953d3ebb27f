"""Addresses that receive email for us: a signed local part names the send that is answered, or an owner of sales. Pure.

Mail systems may change the case of a local part, so it is base32 in lower case. A local part has at most 64 characters
(RFC 5321, 4.5.3.1.1): lead, send and 48 bits of MAC take 63. A guess can only be tried by sending us an email, and a
right one would fake a reply; it opens nothing.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from dataclasses import dataclass

from ulid import ULID

from sodate.signing import Signer

_REPLY, _SALES = "reply", "bcc"
_ID, _MAC, _SALES_MAC = 16, 6, 10
_REPLY_PART = re.compile(r"(?<![a-z0-9])r-([a-z2-7]{61})(?![a-z0-9])")
_SALES_PART = re.compile(r"(?<![a-z0-9])bcc-([a-z2-7]{16})(?![a-z0-9])")


@dataclass(frozen=True)
class ReplyAddresses:
    """The addresses of one stage. `domain`: the subdomain whose email SES receives for us."""

    domain: str
    signer: Signer

    def of_send(self, lead_id: str, send_id: str) -> str | None:
        """Reply-To of one email; None for ids that are none of ours (test sends)."""
        try:
            content = ULID.from_str(lead_id).bytes + bytes.fromhex(send_id)
        except ValueError:
            return None
        if len(content) != 2 * _ID:
            return None
        return f"r-{_encoded(content + self.signer.mac(_REPLY, content, _MAC))}@{self.domain}"

    def send_in(self, text: str) -> tuple[str, str] | None:
        """Lead id and send id of the first genuine reply address in `text`, in whatever case or form it stands."""
        for token in _REPLY_PART.findall(text.lower()):
            content, mac = _decoded(token, 2 * _ID)
            if self.signer.has_mac(_REPLY, content, mac) and _encoded(content + mac) == token:
                return str(ULID.from_bytes(content[:_ID])), content[_ID:].hex()
        return None

    def of_owner(self, owner: str) -> str:
        """The BCC address of an owner of sales."""
        return f"bcc-{_encoded(self.signer.mac(_SALES, owner.encode(), _SALES_MAC))}@{self.domain}"

    def owner_in(self, text: str, owners: Iterable[str]) -> str | None:
        """The owner among `owners` whose BCC address stands in `text`."""
        macs = [_decoded(token, 0)[1] for token in _SALES_PART.findall(text.lower())]
        if not macs:
            return None
        matches = (owner for owner in owners for mac in macs if self.signer.has_mac(_SALES, owner.encode(), mac))
        return next(matches, None)

    def is_ours(self, address: str) -> bool:
        return address.rpartition("@")[2].lower().rstrip(".>") == self.domain.lower()


def _encoded(content: bytes) -> str:
    return b32encode(content).decode().rstrip("=").lower()


def _decoded(token: str, size: int) -> tuple[bytes, bytes]:
    """The first `size` bytes, and the MAC behind them."""
    content = b32decode(token.upper() + "=" * (-len(token) % 8))
    return content[:size], content[size:]
