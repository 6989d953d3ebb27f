"""The sender and the brand of the playbook, as public pages show them."""

from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.playbook.store import Definitions, parsed
from sodate.web.pages import Issuer


def issuer_of(mailing: Mailing) -> Issuer:
    sender = mailing.sender
    return Issuer(sender.name, sender.contact, str(sender.website or ""), mailing.brand.branding)


def live_mailing(definitions: Definitions) -> Mailing | None:
    """None without a readable playbook: a page is then shown that names no sender."""
    try:
        return parsed(definitions.live("mailing"), Mailing)
    except (NotFound, Transient):
        return None


def live_issuer(definitions: Definitions) -> Issuer:
    mailing = live_mailing(definitions)
    return issuer_of(mailing) if mailing else Issuer()


def shown_by(mailing: Mailing | None) -> tuple[Issuer, tuple[tuple[str, str, str], ...]]:
    """The issuer, and id, name and description of each topic."""
    if mailing is None:
        return Issuer(), ()
    return issuer_of(mailing), tuple((topic.id, topic.name, topic.description) for topic in mailing.topics)
