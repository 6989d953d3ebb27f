"""The transactional email with the link that a lead asked for. Its words are in the catalogs of the public pages."""

from collections.abc import Callable
from datetime import datetime

from markupsafe import Markup

from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.delivery.transactional import Composer, Withheld, transactional_tags
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem
from sodate.email.mailing import Mailing, Sender
from sodate.leads.contact_state import Block
from sodate.leads.store import load_profile, load_state
from sodate.leads.text import one_line
from sodate.playbook.store import Definitions, parsed
from sodate.privacy.links import DataLinks, Request
from sodate.web.catalogs import catalog

#: Nothing can be delivered there, or nobody is there any more. An opt-out of marketing is no reason.
_NO_EMAIL = (
    Block.HARD_BOUNCE, Block.SUPPRESSED, Block.NO_ADDRESS, Block.ERASED, Block.MERGED, Block.COMPLAINT,
)  # fmt: skip


def data_request_composer(definitions: Definitions, links: Callable[[], DataLinks], stage: str) -> Composer:
    def compose(send: SendItem, now: datetime) -> OutgoingEmail:
        state, profile = load_state(send.lead_id), load_profile(send.lead_id)
        if state.blocked in _NO_EMAIL or (state.blocked or "").startswith("undeliverable"):
            raise Withheld(f"{Reason.BLOCKED}:{state.blocked}")
        request: Request = (send.data or {})["request"]
        sender = parsed(definitions.live("mailing"), Mailing).sender
        link = links().act(send.lead_id, request, now)
        subject, text = _words(request, state.language, link, sender)
        return OutgoingEmail(
            to=profile.mailbox,
            sender=sender,
            subject=one_line(subject),
            html=_html(text, link),
            text=text,
            tags=transactional_tags(send, stage),
            headers={"Auto-Submitted": "auto-generated", "X-Sodate-Send": send.send_id},
        )

    return compose


def _html(text: str, link: str) -> str:
    """The text, escaped; only our own link becomes a hyperlink."""
    before, _, after = text.partition(link)
    block = Markup('<div style="font:15px/1.7 sans-serif;white-space:pre-wrap">{}<a href="{}">{}</a>{}</div>')
    return str(block.format(before, link, link, after))


def _words(request: Request, language: str, link: str, sender: Sender) -> tuple[str, str]:
    words = catalog(language).section("data_email")
    body = words[request].format(sender=sender.name, link=link)
    return words[f"subject_{request}"].format(sender=sender.name), f"{body}\n\n{sender.name}\n{sender.contact}\n"
