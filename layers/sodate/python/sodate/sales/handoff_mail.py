"""The notice mail to the owner of a hot lead."""

from datetime import datetime

from markupsafe import Markup

from sodate.errors import Invalid
from sodate.leads.store import load_profile
from sodate.leads.text import one_line
from sodate.mail.notice import Composer, notice_tags
from sodate.mail.sender import Mailing
from sodate.mail.ses import Draft
from sodate.mail.store import SendItem
from sodate.playbook.store import Definitions
from sodate.sales.definition import Sales
from sodate.sales.handoff import compose
from sodate.scoring.signals import find_signal


def handoff_composer(definitions: Definitions, stage: str) -> Composer:
    def draft(send: SendItem, now: datetime) -> Draft:
        data = send.data or {}
        signal = find_signal(send.lead_id, data["signal"])
        sales = Sales.model_validate(definitions.live("sales").body)
        owner = next((owner for owner in sales.owners if owner.id == data["owner"]), None)
        if signal is None or owner is None:
            raise Invalid("the signal or its owner is gone", "handoff")
        message = compose(definitions, load_profile(send.lead_id), signal, owner)
        return Draft(
            to=owner.email,
            sender=Mailing.model_validate(definitions.live("mailing").body).sender,
            subject=one_line(message.headline),
            html=str(
                Markup('<pre style="font:15px/1.7 sans-serif;white-space:pre-wrap">{}</pre>').format(message.text)
            ),
            text=message.text,
            tags=notice_tags(send, stage),
            headers={"Auto-Submitted": "auto-generated", "X-Sodate-Send": send.send_id},
        )

    return draft
