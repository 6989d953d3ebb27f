"""Finds the send that an email answers: by the signed address, by the ids of our emails, by the address of the writer.

The signed address and the ids are known to those who have the email that they answer. The address of the writer is
what anybody may put there, so it counts only when the domain vouches for it, and is marked as the weaker match.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sodate.dynamodb import keys
from sodate.email.ledger.store import SendItem, find_send, sends_of
from sodate.leads.address import parse_reported_address
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state, owner_of
from sodate.replies.inbound_email import InboundEmail
from sodate.reply_address import ReplyAddresses

#: The latest email to the writer that an unmarked answer may be about.
RECENT = timedelta(days=30)
_OF_SES = "amazonses.com"


class How(StrEnum):
    TOKEN = "token"  # noqa: S105  (no secret: how a match was made)
    MESSAGE_ID = "message_id"
    ADDRESS = "address"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Match:
    """`send`: None when the ledger has it no more. `is_own`: sent from the lead's own address."""

    state: ContactState
    send: SendItem | None
    how: How
    is_own: bool

    @property
    def lead_id(self) -> str:
        return self.state.lead_id


@dataclass(frozen=True)
class NoMatch:
    """`reason`: `erased`: the lead is no more; `unauthentic`: only a forged sender tells; `no_match`."""

    reason: str


@dataclass(frozen=True)
class Matcher:
    """`address_key`: the HMAC of an address."""

    addresses: ReplyAddresses
    address_key: Callable[[str], str]

    def find(self, email: InboundEmail, now: datetime) -> Match | NoMatch:
        sender_key = self.key_of(email.sender)
        token = self.addresses.send_in(email.addressed)
        if token is not None:
            lead_id, send_id = token
            state = find_state(lead_id)
            if state is None:
                return NoMatch("erased")
            return Match(state, find_send(lead_id, send_id), How.TOKEN, state.address_key == sender_key)
        lead = owner_of(sender_key) if sender_key else None
        writer = find_state(lead) if lead else None
        return NoMatch("no_match") if writer is None else _of_writer(email, writer, now)

    def lead_of(self, address: str) -> str | None:
        key = self.key_of(address)
        return owner_of(key) if key else None

    def key_of(self, address: str) -> str | None:
        match = parse_reported_address(address) if address else None
        return self.address_key(match) if match else None


def _of_writer(email: InboundEmail, writer: ContactState, now: datetime) -> Match | NoMatch:
    ours = [send for send in sends_of(writer.lead_id) if send.message_id]
    for reference in email.references:
        identifier, _, domain = reference.partition("@")
        send = next((one for one in ours if one.message_id == identifier), None)
        if send is not None and domain.endswith(_OF_SES):
            return Match(writer, send, How.MESSAGE_ID, is_own=True)
    if not email.receipt.is_authentic or email.has_duplicates:
        return NoMatch("unauthentic")
    since = keys.stamp(now - RECENT)
    recent = [send for send in ours if send.purpose == "marketing" and (send.sent_at or "") >= since]
    return Match(writer, recent[-1], How.ADDRESS, is_own=True) if recent else NoMatch("no_match")
