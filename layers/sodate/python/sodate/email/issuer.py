"""The sender and the brand of the playbook, as public pages show them."""

from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.playbook.store import Definitions, parsed
from sodate.web.pages import Issuer


def issuer_of(mailing: Mailing) -> Issuer:
    sender = mailing.sender
    return Issuer(sender.name, sender.contact, str(sender.website or ""), mailing.brand.branding)


def live_issuer(definitions: Definitions) -> Issuer:
    """Without a readable playbook, a page that names no sender."""
    try:
        return issuer_of(parsed(definitions.live("mailing"), Mailing))
    except (NotFound, Transient):
        return Issuer()
