"""Composes one marketing email for SES: rendered, with both one-click unsubscribe headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sodate.consent.links import Links
from sodate.email.content.hidden_link import with_hidden_link
from sodate.email.content.merge import merge_values
from sodate.email.content.render import Rendered, render
from sodate.email.content.template import Template
from sodate.email.content.variables import Value
from sodate.email.content.visitor_links import in_html, in_text
from sodate.email.delivery.ses import OutgoingEmail
from sodate.email.mailing import Mailing, Sender
from sodate.leads.contact_state import TRACKING_OFF
from sodate.leads.lead import Profile


@dataclass(frozen=True)
class MarketingEmail:
    """One template for many recipients, each in the lead's language where the template has it.

    `sender_name`: instead of the sender's, in From only; the footer keeps it. `variables`: instead of their defaults.
    """

    template: Template
    topic: str
    mailing: Mailing
    links: Links
    sender_name: str | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)

    def compose(self, profile: Profile, send_id: str, tags: Mapping[str, str], now: datetime) -> OutgoingEmail:
        """Raises: `Invalid` when the template cannot be rendered for this lead."""
        template = self.template.in_language(profile.language)
        unsubscribe_url = self.links.unsubscribe(profile.lead_id, send_id, self.topic, now)
        values = merge_values(
            profile,
            self.mailing,
            unsubscribe_url=unsubscribe_url,
            preferences_url=self.links.preferences(profile.lead_id, now, send_id),
            preheader=template.preheader,
            variables=template.values(self.variables),
        )
        email = self._identifying(render(template.subject, template.html, template.text, values), profile, now)
        return OutgoingEmail(
            to=profile.mailbox,
            sender=self._shown_sender(self.links.reply_to(profile.lead_id, send_id)),
            subject=email.subject,
            html=self._with_hidden_link(email.html) if profile.tracking != TRACKING_OFF else email.html,
            text=email.text,
            tags=tags,
            is_tracked=profile.tracking != TRACKING_OFF,
            headers={
                # RFC 8058: both headers, over HTTPS, answered by a POST without redirect or cookie.
                "List-Unsubscribe": f"<{unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "X-Sodate-Send": send_id,
            },
        )

    def _identifying(self, email: Rendered, profile: Profile, now: datetime) -> Rendered:
        """With links to the website that say who opens them, if the playbook wants that."""
        origins = self.mailing.tracked_origins
        if not origins or profile.tracking == TRACKING_OFF:
            return email
        token = self.links.visitor_token(profile.lead_id, now)
        return replace(email, html=in_html(email.html, origins, token), text=in_text(email.text, origins, token))

    def _with_hidden_link(self, html: str) -> str:
        if not self.mailing.robots.hidden_link:
            return html
        return with_hidden_link(html, str(self.mailing.sender.website or self.links.base))

    def _shown_sender(self, reply_to: str | None) -> Sender:
        shown = {"name": self.sender_name, "reply_to": reply_to}
        changes = {name: value for name, value in shown.items() if value is not None}
        return self.mailing.sender.model_copy(update=changes) if changes else self.mailing.sender
