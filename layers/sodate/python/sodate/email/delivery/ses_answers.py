"""The table of what each SES answer means for its email and for all later email. Pure.

Sources: the error shapes and `BulkEmailStatus` of botocore's `sesv2` model (a test compares this table with the model)
and AWS's common errors (docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html).

An error that concerns the account, the identity, the configuration set or the IP pool is not about one email, so it
opens the circuit breaker and ends no planned send. A code that this table does not contain is treated the same way: it
is safer to stop and raise an alarm than to end sends for a reason that no operator has read.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    """SES accepted the email."""
    DEFERRED = "deferred"
    """Certainly not accepted; the same email may be tried again."""
    REJECTED = "rejected"
    """Certainly not accepted, because of this email; another attempt would fail too."""
    AMBIGUOUS = "ambiguous"
    """Perhaps accepted: never repeated without evidence."""


@dataclass(frozen=True)
class Meaning:
    """`stops`: the reason code with which the circuit breaker opens; None when the answer concerns one email."""

    verdict: Verdict
    stops: str | None = None


_THROTTLED = Meaning(Verdict.DEFERRED)
_THIS_EMAIL = Meaning(Verdict.REJECTED)
_PERHAPS_TAKEN = Meaning(Verdict.AMBIGUOUS)


def _all_email(stops: str) -> Meaning:
    return Meaning(Verdict.DEFERRED, stops)


IDENTITY = "identity_not_verified"
UNKNOWN_REFUSAL = "unknown_refusal"

#: Error code of a call → its meaning.
ERRORS: dict[str, Meaning] = {
    # the sesv2 model
    "TooManyRequestsException": _THROTTLED,
    "LimitExceededException": _all_email("quota_exhausted"),
    "AccountSuspendedException": _all_email("account_suspended"),
    "SendingPausedException": _all_email("sending_paused"),
    "MailFromDomainNotVerifiedException": _all_email("mail_from_not_verified"),
    "NotFoundException": _all_email("configuration_set_missing"),
    "ConflictException": _all_email("configuration_changing"),
    "AlreadyExistsException": _all_email(UNKNOWN_REFUSAL),
    "InvalidNextTokenException": _all_email(UNKNOWN_REFUSAL),
    "MessageRejected": _THIS_EMAIL,
    "BadRequestException": _THIS_EMAIL,
    "ConcurrentModificationException": _PERHAPS_TAKEN,
    "InternalServiceErrorException": _PERHAPS_TAKEN,
    # AWS's common errors
    "ThrottlingException": _THROTTLED,
    "Throttling": _THROTTLED,
    "AccessDenied": _all_email("access_denied"),
    "AccessDeniedException": _all_email("access_denied"),
    "ExpiredToken": _all_email("access_denied"),
    "ExpiredTokenException": _all_email("access_denied"),
    "IncompleteSignature": _all_email("access_denied"),
    "InvalidClientTokenId": _all_email("access_denied"),
    "InvalidSignatureException": _all_email("access_denied"),
    "MissingAuthenticationToken": _all_email("access_denied"),
    "NotAuthorized": _all_email("access_denied"),
    "OptInRequired": _all_email("access_denied"),
    "RequestExpired": _all_email("access_denied"),
    "SignatureDoesNotMatch": _all_email("access_denied"),
    "UnrecognizedClientException": _all_email("access_denied"),
    "InternalFailure": _PERHAPS_TAKEN,
    "RequestAbortedException": _PERHAPS_TAKEN,
    "RequestTimeoutException": _PERHAPS_TAKEN,
    "ServiceUnavailable": _PERHAPS_TAKEN,
    "RequestEntityTooLargeException": _THIS_EMAIL,
    "ValidationError": _THIS_EMAIL,
    "ValidationException": _THIS_EMAIL,
}

#: Status of one entry of SendBulkEmail → its meaning.
BULK_STATUSES: dict[str, Meaning] = {
    "SUCCESS": Meaning(Verdict.ACCEPTED),
    "ACCOUNT_THROTTLED": _THROTTLED,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": _all_email("quota_exhausted"),
    "ACCOUNT_SUSPENDED": _all_email("account_suspended"),
    "ACCOUNT_SENDING_PAUSED": _all_email("sending_paused"),
    "CONFIGURATION_SET_SENDING_PAUSED": _all_email("sending_paused"),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": _all_email("mail_from_not_verified"),
    "CONFIGURATION_SET_NOT_FOUND": _all_email("configuration_set_missing"),
    "INVALID_SENDING_POOL_NAME": _all_email("sending_pool_missing"),
    # Our request contains the template, so this error concerns every email.
    "TEMPLATE_NOT_FOUND": _all_email("template_not_allowed"),
    "MESSAGE_REJECTED": _THIS_EMAIL,
    "INVALID_PARAMETER": _THIS_EMAIL,
    # SES does not report whether the entry left before it failed.
    "TRANSIENT_FAILURE": _PERHAPS_TAKEN,
    "FAILED": _PERHAPS_TAKEN,
}

_REJECTIONS = {"MessageRejected", "MESSAGE_REJECTED"}
_NOT_VERIFIED = re.compile(r"not verified", re.IGNORECASE)
_DAILY = re.compile(r"\bdaily\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>,:;]+@[^\s<>,:;]+")


def meaning_of_error(code: str, status: int, message_text: str, sender: str) -> Meaning:
    """`status` is the HTTP status, `message_text` SES's message, `sender` the bare address in From."""
    known = ERRORS.get(code)
    if known is None:
        if status == 429:
            known = _THROTTLED
        elif status in (401, 403):
            known = _all_email("access_denied")
        elif 400 <= status < 500:
            known = _all_email(UNKNOWN_REFUSAL)
        else:
            known = _PERHAPS_TAKEN
    return _by_message_text(known, code, message_text, sender)


def meaning_of_entry(status: str, message_text: str, sender: str) -> Meaning:
    """One entry of SendBulkEmail. A status that the table does not contain is perhaps accepted."""
    return _by_message_text(BULK_STATUSES.get(status, _PERHAPS_TAKEN), status, message_text, sender)


def _by_message_text(meaning: Meaning, code: str, message_text: str, sender: str) -> Meaning:
    """Two errors that concern all email have no code of their own; only the message text distinguishes them.

    "Email address is not verified" names the identities that failed. It concerns one email only when it names another
    address (the recipient, in SES's sandbox) and not the sender.
    """
    if meaning is _THROTTLED and _DAILY.search(message_text):
        return _all_email("quota_exhausted")
    if code in _REJECTIONS and _NOT_VERIFIED.search(message_text) and not _names_only_others(message_text, sender):
        return _all_email(IDENTITY)
    return meaning


def _names_only_others(message_text: str, sender: str) -> bool:
    named = {address.strip("\"'().").lower() for address in _ADDRESS.findall(message_text)}
    return bool(named) and sender.lower() not in named
