"""The sender's identity in SES: checked before `plan` and `apply`, created on the local cloud.

SES refuses each email of an unverified sender; mailbox providers distrust one whose DKIM or MAIL FROM is incomplete.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sodate.authoring.check import Checked
from sodate.email.mailing import Mailing
from sodate.messages import Message


def sender_of(checked: Checked) -> Mailing | None:
    doc = checked.playbook.mailing
    return doc.model if doc is not None and isinstance(doc.model, Mailing) else None


def create_identities(ses: Any, mailing: Mailing) -> list[str]:
    """Create an identity for each domain that the sender names, and return the domains. `ses`: boto3's `sesv2`."""
    addresses = [mailing.sender.from_address, mailing.sender.reply_to]
    domains = list(dict.fromkeys(address.rpartition("@")[2] for address in addresses if address))
    for domain in domains:
        ses.create_email_identity(EmailIdentity=domain)
    return domains


def missing_parts(ses: Any, mailing: Mailing) -> list[str]:
    """What the sender's identity lacks, each with what to do; a failed call to SES is one of them. Empty: complete."""
    try:
        return list(_missing(ses, mailing.sender.from_address))
    except (ClientError, BotoCoreError) as error:
        return [
            Message(
                "SES could not be asked about the sender {from_address}: {error}",
                from_address=mailing.sender.from_address,
                error=error,
            )
        ]


def _missing(ses: Any, address: str) -> Iterator[str]:
    domain = address.rpartition("@")[2]
    found = _identity(ses, address)
    if found is None:
        yield (
            Message(
                "SES has no identity for {address}, so each email will be refused: aws sesv2"
                " create-email-identity --email-identity {domain}, then publish the DNS records it names",
                address=address,
                domain=domain,
            )
        )
        return
    if not found.get("VerifiedForSendingStatus"):
        yield Message(
            "SES has not verified {domain} yet, so each email will be refused: publish the DNS records it names",
            domain=domain,
        )
    dkim = found.get("DkimAttributes") or {}
    if not dkim.get("SigningEnabled") or dkim.get("Status") != "SUCCESS":
        status = dkim.get("Status") or Message("not set up")
        yield Message(
            "DKIM of {domain} is {status}: Gmail refuses bulk email without it; publish its three CNAME records",
            domain=domain,
            status=status,
        )
    mail_from = found.get("MailFromAttributes") or {}
    if not mail_from.get("MailFromDomain"):
        yield (
            Message(
                "{domain} has no MAIL FROM domain of its own, so SPF says nothing about it: aws sesv2"
                " put-email-identity-mail-from-attributes",
                domain=domain,
            )
        )
    elif mail_from.get("MailFromDomainStatus") != "SUCCESS":
        status = mail_from.get("MailFromDomainStatus")
        yield Message(
            "the MAIL FROM domain {mail_from} is {status}: publish its MX and TXT records",
            mail_from=mail_from["MailFromDomain"],
            status=status,
        )


def _identity(ses: Any, address: str) -> Mapping[str, Any] | None:
    """The address itself, its domain, or a domain above it: SES takes any of them."""
    labels = address.rpartition("@")[2].split(".")
    names = [address, *(".".join(labels[start:]) for start in range(len(labels) - 1))]
    for name in names:
        try:
            return dict(ses.get_email_identity(EmailIdentity=name))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
    return None
