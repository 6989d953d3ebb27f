"""What SES answers when it does not answer 200, and the faults a test can order.

Two families, and the difference between them is the whole point of the simulator: after a *refusal* nothing was sent
and the caller knows it; after a *lost answer* the mail may well be on its way and the caller cannot know.
Names and status codes are those of the SESv2 service model.
"""

from dataclasses import dataclass
from enum import StrEnum


class SesRefusal(Exception):
    """SES refused the call: no message exists. `code` and `status` are the service model's."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class AnswerLost(Exception):
    """The caller gets no usable answer. `accepted` says what only the simulator knows."""

    def __init__(self, how: str, accepted: bool) -> None:
        super().__init__(f"{how} (accepted: {accepted})")
        self.how = how
        self.accepted = accepted


class Fault(StrEnum):
    """Faults that can be injected before a send; the order of the members is of no importance."""

    TOO_MANY_REQUESTS = "too-many-requests"
    LIMIT_EXCEEDED = "limit-exceeded"
    ACCOUNT_SUSPENDED = "account-suspended"
    SENDING_PAUSED = "sending-paused"
    MESSAGE_REJECTED = "message-rejected"
    MAIL_FROM_NOT_VERIFIED = "mail-from-not-verified"
    IDENTITY_NOT_VERIFIED = "identity-not-verified"
    CONFIGURATION_SET_MISSING = "configuration-set-missing"
    BAD_REQUEST = "bad-request"
    SERVER_ERROR = "server-error"
    TIMEOUT = "timeout"
    RESET = "reset"
    ACCEPTED_THEN_SERVER_ERROR = "accepted-then-server-error"
    ACCEPTED_THEN_TIMEOUT = "accepted-then-timeout"
    ACCEPTED_THEN_RESET = "accepted-then-reset"


@dataclass(frozen=True, slots=True)
class _Loss:
    how: str
    accepted: bool


_REFUSALS: dict[Fault, tuple[str, str, int]] = {
    Fault.TOO_MANY_REQUESTS: ("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
    Fault.LIMIT_EXCEEDED: ("LimitExceededException", "Too many resources.", 400),
    Fault.ACCOUNT_SUSPENDED: ("AccountSuspendedException", "Your account's sending is suspended.", 400),
    Fault.SENDING_PAUSED: ("SendingPausedException", "Sending is paused for your account.", 400),
    Fault.MESSAGE_REJECTED: ("MessageRejected", "Message contains unsafe content.", 400),
    Fault.MAIL_FROM_NOT_VERIFIED: ("MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified.", 400),
    Fault.IDENTITY_NOT_VERIFIED: ("MessageRejected", "Email address is not verified.", 400),
    Fault.CONFIGURATION_SET_MISSING: ("NotFoundException", "The configuration set does not exist.", 404),
    Fault.BAD_REQUEST: ("BadRequestException", "The input you provided is invalid.", 400),
}

_LOSSES: dict[Fault, _Loss] = {
    Fault.SERVER_ERROR: _Loss("server-error", accepted=False),
    Fault.TIMEOUT: _Loss("timeout", accepted=False),
    Fault.RESET: _Loss("reset", accepted=False),
    Fault.ACCEPTED_THEN_SERVER_ERROR: _Loss("server-error", accepted=True),
    Fault.ACCEPTED_THEN_TIMEOUT: _Loss("timeout", accepted=True),
    Fault.ACCEPTED_THEN_RESET: _Loss("reset", accepted=True),
}


def raise_before_acceptance(fault: Fault | None) -> None:
    """Raise what `fault` does before SES takes the message; return for faults that strike only afterwards."""
    if fault is None:
        return
    if fault in _REFUSALS:
        code, message, status = _REFUSALS[fault]
        raise SesRefusal(code, message, status)
    loss = _LOSSES[fault]
    if not loss.accepted:
        raise AnswerLost(loss.how, accepted=False)


def raise_after_acceptance(fault: Fault | None) -> None:
    """Raise the loss of an answer that SES did give."""
    if fault is None or fault not in _LOSSES:
        return
    loss = _LOSSES[fault]
    if loss.accepted:
        raise AnswerLost(loss.how, accepted=True)
