"""What an email that came in is: a reply, an absence note, a bounce … with the reason, and doubts as flags. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from sodate.replies import automatic
from sodate.replies.inbound_email import InboundEmail
from sodate.replies.opt_out_words import asks_to_stop, mentions_stop


class Verdict(StrEnum):
    REPLY = "reply"
    OUT_OF_OFFICE = "out_of_office"
    BOUNCE = "bounce"
    AUTO = "auto"
    """A machine wrote it, and no absence note: a ticket, a receipt, a challenge."""
    FORWARDED = "forwarded"
    """Forwarded to us, or sent through a mailing list: not the writer's answer."""
    SPAM = "spam"
    BY_SALES = "by_sales"
    """Sales sent it to a lead, with their BCC address. Never the outcome of `judge`."""


class Flag(StrEnum):
    OTHER_ADDRESS = "other_address"
    """Not sent from the lead's address: a colleague, or another mailbox of the lead."""
    UNAUTHENTIC = "unauthentic"
    """The domain of the sender does not vouch for it."""
    DUPLICATE_HEADERS = "duplicate_headers"
    ASKS_TO_STOP = "asks_to_stop"
    MENTIONS_STOP = "mentions_stop"
    """Opting out is spoken of; a person reads what is meant."""
    CUT = "cut"
    """Longer than what is read."""
    ATTACHMENTS = "attachments"


@dataclass(frozen=True)
class Judgement:
    """`reason`: a code of `automatic`, or what else decided."""

    verdict: Verdict
    reason: str
    flags: tuple[Flag, ...] = ()


def judge(email: InboundEmail) -> Judgement:
    verdict, reason = _verdict(email)
    return Judgement(verdict, reason, _flags(email) if verdict is Verdict.REPLY else ())


def _verdict(email: InboundEmail) -> tuple[Verdict, str]:
    if email.receipt.has_virus or email.receipt.is_spam:
        return Verdict.SPAM, "virus" if email.receipt.has_virus else "spam"
    if why := automatic.bounce(email):
        return Verdict.BOUNCE, why
    if why := automatic.out_of_office(email):
        return Verdict.OUT_OF_OFFICE, why
    if why := automatic.machine(email):
        return Verdict.AUTO, why
    if any(email.fields.first(name) for name in ("list-id", "list-post", "list-unsubscribe")):
        return Verdict.FORWARDED, "mailing_list"
    if email.fields.first("precedence").lower() == "list":
        return Verdict.FORWARDED, "mailing_list"
    if automatic.is_forward(email.subject):
        return Verdict.FORWARDED, "forward_subject"
    return Verdict.REPLY, "reply"


def _flags(email: InboundEmail) -> tuple[Flag, ...]:
    said = {
        Flag.UNAUTHENTIC: not email.receipt.is_authentic or email.has_duplicates,
        Flag.DUPLICATE_HEADERS: email.has_duplicates,
        Flag.ASKS_TO_STOP: asks_to_stop(email.words.text) or asks_to_stop(_new_subject(email)),
        Flag.MENTIONS_STOP: mentions_stop(email.words.text),
        Flag.CUT: email.is_cut,
        Flag.ATTACHMENTS: email.attachments > 0,
    }
    return tuple(flag for flag, holds in said.items() if holds)


def _new_subject(email: InboundEmail) -> str:
    """A subject that the writer typed: people write "unsubscribe" there and send an empty email."""
    return "" if automatic.is_answer(email.subject) or email.words.text else email.subject
