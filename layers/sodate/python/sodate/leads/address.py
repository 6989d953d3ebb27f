"""Email addresses as typed: the stored form, the form for SES, the form compared for identity, and delivery doubts.

Sources: RFC 5321 lengths; RFC 6531 (SES has no SMTPUTF8: a non-ASCII local part can never be mailed); UTS 46.
"""

import hashlib
import hmac
import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import email_validator

from sodate.errors import Invalid
from sodate.leads.text import FULL_WIDTH_ASCII
from sodate.messages import Message

# test@x.invalid is stored and flagged instead of rejected, so the list of the library must not decide.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_SPECIAL_USE = {"invalid", "test", "local", "onion", "arpa", "example", "localhost"}
#: Carriers that once issued addresses with `..` or a dot before the @, which RFC 5321 does not allow.
_LEGACY_CARRIERS = {"docomo.ne.jp", "ezweb.ne.jp"}
_LEGACY_LOCAL = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")
_LOOKALIKE_SCRIPTS = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}


#: Local parts of role mailboxes (RFC 2142, and names common in Japanese companies).
# fmt: off
_ROLES = frozenset((
    "abuse", "admin", "administrator", "billing", "career", "careers", "contact", "customer", "customer-service",
    "eigyo", "enquiries", "feedback", "help", "helpdesk", "hostmaster", "hr", "info", "information", "inquiry",
    "jinji", "jobs", "keiri", "kouhou", "mail", "mailer-daemon", "marketing", "master", "news", "newsletter",
    "no-reply", "noc", "noreply", "office", "order", "orders", "pr", "postmaster", "press", "privacy", "recruit",
    "root", "saiyo", "sales", "security", "service", "shop", "somu", "soumu", "staff", "support", "system", "team",
    "toiawase", "usenet", "webmaster",
))
# fmt: on


@dataclass(frozen=True)
class Address:
    """`typed` is for display, `mailbox` goes to SES (domain in punycode), `match` is compared for identity.

    `doubt` is None when email may be sent, else `undeliverable:eai`, `legacy_jp`, `mixed_script` or `special_use`.
    """

    typed: str
    mailbox: str
    match: str
    doubt: str | None = None

    @property
    def flags(self) -> tuple[str, ...]:
        """Information for operators: `role`, `disposable`. Email is sent all the same."""
        local, _, domain = self.match.rpartition("@")
        flags = {"role": local.partition("+")[0] in _ROLES, "disposable": _is_disposable(domain)}
        return tuple(flag for flag, holds in flags.items() if holds)

    def key(self, secret: bytes) -> str:
        """HMAC-SHA256 of `match`, because keys of the table never hold an address."""
        return address_key(self.match, secret)


def address_key(match: str, secret: bytes) -> str:
    return urlsafe_b64encode(hmac.new(secret, match.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


def external_key(source: str, external_id: str, secret: bytes) -> str:
    """HMAC-SHA256 of a lead's id in another system, because keys of the table never hold it."""
    return address_key(f"{source}\x1f{external_id}", secret)


def parse_address(text: str) -> Address:
    """Parse one address.

    Raises: `Invalid` (code `email`) for text that is not exactly one mailbox.
    """
    typed = text.strip()
    # NFC before every check: U+212A KELVIN SIGN becomes K for both identity and doubt.
    plain = unicodedata.normalize("NFC", typed.translate(FULL_WIDTH_ASCII)).strip()
    local, _, domain = plain.rpartition("@")
    if _is_legacy(local, domain):
        domain = domain.lower()
        return Address(typed, f"{local}@{domain}", f"{local.lower()}@{domain}", "legacy_jp")
    if len(local) > 64 or any(unicodedata.category(c) in ("Cf", "Cc", "Zl", "Zp") for c in plain):
        raise Invalid(Message("not a mail address we can use"), "email")
    try:
        valid = email_validator.validate_email(plain, check_deliverability=False, allow_smtputf8=True)
    except email_validator.EmailNotValidError as error:
        raise Invalid(Message("not a mail address we can use: {error}", error=error), "email") from error
    ascii_domain = valid.ascii_domain.lower()
    if "." not in ascii_domain:
        raise Invalid(Message("the part after the @ needs a dot"), "email")
    mailbox = f"{valid.local_part}@{ascii_domain}"
    if len(mailbox) > 254:
        raise Invalid(Message("longer than 254 characters"), "email")
    match = mailbox.lower()
    return Address(typed, mailbox, match, _doubt(match, valid.domain))


def parse_reported_address(text: str) -> str | None:
    """The match form of an address that SES reports (`Name <a@b>` too); None when it is none."""
    inner = text.rsplit("<", 1)[-1].rstrip(">").strip()
    try:
        return parse_address(inner).match
    except Invalid:
        return None


def _is_legacy(local: str, domain: str) -> bool:
    odd = ".." in local or local.startswith(".") or local.endswith(".")
    return odd and domain.lower() in _LEGACY_CARRIERS and 0 < len(local) <= 64 and set(local) <= _LEGACY_LOCAL


def _doubt(match: str, domain: str) -> str | None:
    """Depends only on the identity (`domain`: its domain, decoded): equal identities get equal doubts."""
    local, _, ascii_domain = match.rpartition("@")
    if not local.isascii():
        return "undeliverable:eai"
    if any(_mixed_script(label) for label in unicodedata.normalize("NFKC", domain).split(".")):
        return "mixed_script"
    if ascii_domain.rsplit(".", 1)[-1] in _SPECIAL_USE:
        return "special_use"
    return None


def _is_disposable(domain: str) -> bool:
    """The domain or a parent is on the list of the package, which its community updates weekly (ADR 0045)."""
    from disposable_email_domains import blocklist

    labels = domain.split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))


def _mixed_script(label: str) -> bool:
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in label if c.isalpha()}
    return len(scripts & _LOOKALIKE_SCRIPTS) > 1
