"""What SES checks before it takes a message. Stricter than boto3, which sends patterns it knows to be wrong.

Header and list limits are the SESv2 service model's; tag rules are those of API_MessageTag; addresses are 7-bit ASCII
because SES does not support SMTPUTF8 (API_Destination): a domain in punycode, a display name as an encoded-word.
"""

import re
from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from typing import Any

from ses_simulator.errors import SesRefusal

MAX_HEADERS = 15
MAX_RECIPIENTS = 50
#: SES sets these by itself and refuses them from Simple, Templated and SendBulkEmail ("Amazon SES header fields").
NOT_CUSTOM = frozenset(
    ("bcc", "cc", "content-disposition", "content-type", "date", "from", "message-id", "mime-version", "reply-to",
     "return-path", "subject", "to")
)  # fmt: skip
_HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED = re.compile(r'"([ !#-\[\]-~]|\\[ -~])+"')
_DOMAIN = re.compile(
    r"(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)


def bad_request(message: str) -> SesRefusal:
    """The refusal SES uses for malformed input."""
    return SesRefusal("BadRequestException", message)


def check_headers(headers: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return the extra headers as pairs, or refuse as SES does."""
    pairs = tuple((str(header.get("Name", "")), str(header.get("Value", ""))) for header in headers)
    if len(pairs) > MAX_HEADERS:
        raise bad_request(f"Too many headers: {len(pairs)}, at most {MAX_HEADERS}.")
    for name, value in pairs:
        if not _HEADER_NAME.fullmatch(name):
            raise bad_request(f"Invalid header name {name!r}.")
        if not _HEADER_VALUE.fullmatch(value):
            raise bad_request(f"Invalid value of header {name!r}.")
        if name.lower() in NOT_CUSTOM:
            raise bad_request(f"Header {name!r} is set by SES and cannot be a custom header.")
    return pairs


def check_tags(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return message tags as a mapping, or refuse as SES does."""
    found: dict[str, str] = {}
    for tag in tags:
        name, value = str(tag.get("Name", "")), str(tag.get("Value", ""))
        if not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise bad_request(f"Invalid tag {name!r}={value!r}: only A-Z a-z 0-9 _ - and at most 256 characters.")
        if name in found:
            raise bad_request(f"Duplicate tag {name!r}.")
        found[name] = value
    return found


def check_address(given: str) -> str:
    """Return the bare address of `given` (which may carry a display name), or refuse as SES does."""
    if not given.isascii():
        raise bad_request(
            "Local address or name contains non-ASCII characters: encode names, use punycode for domains."
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in given):
        raise bad_request("Local address contains control or whitespace.")
    address = parseaddr(given)[1]
    local, at, domain = address.rpartition("@")
    if not at or not local:
        raise bad_request("Missing final '@domain'.")
    if len(local) > 64 or not (_DOT_ATOM.fullmatch(local) or _QUOTED.fullmatch(local)):
        raise bad_request("Local address contains illegal characters.")
    if not _DOMAIN.fullmatch(domain):
        raise bad_request("Domain contains illegal character.")
    return address


def check_recipients(destination: Mapping[str, Any]) -> tuple[str, ...]:
    """All bare recipient addresses of one SendEmail call: at least one, at most 50 (API_Destination)."""
    given = [
        address for field in ("ToAddresses", "CcAddresses", "BccAddresses") for address in destination.get(field) or ()
    ]
    if not given:
        raise bad_request("Destination must have at least one address.")
    if len(given) > MAX_RECIPIENTS:
        raise bad_request(f"Recipient count exceeds {MAX_RECIPIENTS}.")
    return tuple(check_address(address) for address in given)


def check_subject(subject: str) -> str:
    """A subject may be any text, but not a second header."""
    if "\r" in subject or "\n" in subject or "\0" in subject:
        raise bad_request("Header contains illegal characters: line break in Subject.")
    return subject


#: SES takes email to its mailbox simulator in the sandbox too.
MAILBOX_SIMULATOR = "simulator.amazonses.com"


def is_verified(address: str, identities: Iterable[str]) -> bool:
    """Whether an address, its domain or a parent domain is a verified identity (case is of no importance)."""
    verified = {identity.lower() for identity in identities}
    folded = address.lower()
    domain = folded.rpartition("@")[2]
    if domain == MAILBOX_SIMULATOR:
        return True
    labels = domain.split(".")
    return folded in verified or any(".".join(labels[start:]) in verified for start in range(len(labels)))


def tracking(request: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether SES tracks opens and clicks of this message: the override, else as the configuration set does."""
    override = (request.get("ConfigurationOverrides") or {}).get("Tracking") or {}
    return override.get("OpenTrackingEnabled") != "DISABLED", override.get("ClickTrackingEnabled") != "DISABLED"
