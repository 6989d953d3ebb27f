"""HTTP controller of the unsubscribe page, and of the undo that follows it for 30 minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sodate.consent import links
from sodate.consent.consent import RETENTION
from sodate.consent.links import PREFERENCES_LIFETIME, UNSUBSCRIBE_LIFETIME, Links
from sodate.consent.undo import find_undo, undo_opt_out
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.consent.visit import Visits
from sodate.errors import Invalid
from sodate.leads.contact_state import ContactState
from sodate.web import pages
from sodate.web.consent_pages import OptedOut, undone_page, unsubscribe_page, unsubscribed_page
from sodate.web.http import Response, broken_link, page

_DOUBLE_CLICK = timedelta(seconds=10)


@dataclass(frozen=True)
class UnsubscribeController:
    """`retention`: how long evidence outlives a withdrawal."""

    visits: Visits
    retention: timedelta = RETENTION

    def ask(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], state: ContactState) -> Response:
            topic, settings = self.visits.topic_name(str(payload["t"])), self._preferences(payload, now)
            return page(unsubscribe_page(topic, settings, state.language, self.visits.issuer))

        return self.visits.visit((links.UNSUBSCRIBE, token), preferred, now, act)

    def unsubscribe(self, token: str, body: bytes, preferred: str, now: datetime) -> Response:
        """A one-click POST of a mail program (RFC 8058) always stops everything, whatever else its body says."""

        def act(payload: Mapping[str, Any], state: ContactState) -> Response:
            fields = _fields(body)
            if b"One-Click" in body:
                unsubscribe(OptOut(payload["l"], payload["s"], None, "one_click"), now, self.retention)
                return page(unsubscribed_page(OptedOut(), state.language, self.visits.issuer))
            if "undo" in fields:
                return self._undo(payload, fields["undo"][0], state, now)
            # In doubt everything: an unreadable body is no reason to send more email.
            topic = str(payload["t"]) if fields.get("scope") == ["topic"] else None
            changed = unsubscribe(OptOut(payload["l"], payload["s"], topic, "unsubscribe_page"), now, self.retention)
            undo = self._undo_token(state.lead_id, now, changed)
            return self._stopped(payload, topic, state, now, undo)

        return self.visits.visit((links.UNSUBSCRIBE, token), preferred, now, act)

    def _stopped(
        self, payload: Mapping[str, Any], topic: str | None, state: ContactState, now: datetime, undo: str
    ) -> Response:
        opted_out = OptedOut(
            topic=self.visits.topic_name(topic) if topic else "",
            of_everything=topic is None,
            preferences_url=self._preferences(payload, now),
            undo=undo,
        )
        return page(unsubscribed_page(opted_out, state.language, self.visits.issuer))

    def _undo_token(self, lead_id: str, now: datetime, changed: bool) -> str:
        """Only for the post that opted out, or its double click: the link of a forwarded email gets none later."""
        try:
            _, _, undo = find_undo(lead_id, now)
        except Invalid:
            return ""  # an unreadable activity: the opt-out stands
        if undo is None or not (changed or now <= undo.began + _DOUBLE_CLICK):
            return ""
        return self.visits.signer.sign(links.UNDO, {"l": lead_id, "c": undo.withdrawal.sk}, now, undo.until - now)

    def _undo(self, payload: Mapping[str, Any], token: str, state: ContactState, now: datetime) -> Response:
        """The token is of the page that followed the opt-out, so the link of an email alone takes nothing back."""
        try:
            signed = self.visits.signer.verify(links.UNDO, token, now)
            withdrawal = str(signed["c"]) if signed["l"] == payload["l"] else ""
            topics = undo_opt_out(state.lead_id, withdrawal, self.retention, now)
        except Invalid:
            return broken_link(pages.message("undo_expired", state.language, self.visits.issuer))
        names = [self.visits.topic_name(topic) or topic for topic in topics]
        return page(undone_page(names, self._preferences(payload, now), state.language, self.visits.issuer))

    def _preferences(self, payload: Mapping[str, Any], now: datetime) -> str:
        """Offered while the email's own link to the page would work: unsubscribe links live much longer, and must not
        open for years what shows a lead's consents. Relative, so it works below any public URL."""
        left = datetime.fromtimestamp(payload["x"], now.tzinfo) - UNSUBSCRIBE_LIFETIME + PREFERENCES_LIFETIME - now
        if left <= timedelta(0):
            return ""
        return Links("..", self.visits.signer).preferences(str(payload["l"]), now, str(payload["s"]), left)


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body[:4000].decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        return {}
