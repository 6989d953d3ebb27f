"""What the world does with a mail, decided by the recipient's local part, as SES's own mailbox simulator does.

`bounce+taro@example.jp` bounces, `complaint@…` complains, everything else is delivered. The part after `+` is free.
"""

from collections.abc import Callable
from datetime import timedelta

from ses_simulator import events
from ses_simulator.events import Event
from ses_simulator.message import Message

Behaviour = Callable[[Message], list[Event]]

_QUICK = timedelta(milliseconds=480)
_LATER = timedelta(milliseconds=950)


def delivered(message: Message) -> list[Event]:
    return [events.send(message), events.delivery(message, message.at + _QUICK)]


def hard_bounce(message: Message) -> list[Event]:
    return [events.send(message), events.bounce(message, message.at + _QUICK)]


def bounce_after_delivery(message: Message) -> list[Event]:
    """Legal and not rare: the receiving server took the mail and changed its mind."""
    return [*delivered(message), events.bounce(message, message.at + _LATER)]


def mailbox_full(message: Message) -> list[Event]:
    return [events.send(message), events.bounce(message, message.at + _QUICK, "Transient", "MailboxFull")]


def out_of_office(message: Message) -> list[Event]:
    """SES reports the automatic reply as a bounce although the mail arrived."""
    return [*delivered(message), events.bounce(message, message.at + _LATER, "Transient", "General")]


def complains(message: Message) -> list[Event]:
    return [*delivered(message), events.complaint(message, message.at + _LATER)]


def takes_complaint_back(message: Message) -> list[Event]:
    return [*delivered(message), events.complaint(message, message.at + _LATER, "not-spam")]


def delayed(message: Message) -> list[Event]:
    return [
        events.send(message),
        events.delivery_delay(message, message.at + _QUICK),
        events.delivery(message, message.at + _LATER),
    ]


def rejected(message: Message) -> list[Event]:
    return [events.send(message), events.reject(message)]


def suppressed_by_account(message: Message, reason: str) -> list[Event]:
    """An address on our own suppression list: accepted, counted, a Send event, and never delivered."""
    if reason == "COMPLAINT":
        feedback = events.complaint(message, message.at + _QUICK, subtype="OnAccountSuppressionList")
    else:
        feedback = events.bounce(message, message.at + _QUICK, "Permanent", "OnAccountSuppressionList")
    return [events.send(message), feedback]


def suppressed_by_ses(message: Message) -> list[Event]:
    return [events.send(message), events.bounce(message, message.at + _QUICK, "Permanent", "Suppressed")]


BY_LOCAL_PART: dict[str, Behaviour] = {
    "success": delivered,
    "bounce": hard_bounce,
    "late-bounce": bounce_after_delivery,
    "mailbox-full": mailbox_full,
    "ooto": out_of_office,
    "complaint": complains,
    "not-spam": takes_complaint_back,
    "delay": delayed,
    "reject": rejected,
    "suppressionlist": suppressed_by_ses,
}


def behaviour_of(address: str) -> Behaviour:
    """The default behaviour of an address."""
    local = address.rpartition("@")[0].lower().partition("+")[0]
    return BY_LOCAL_PART.get(local, delivered)
