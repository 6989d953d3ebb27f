"""The pages on which a lead asks for its own data. GET shows a page and changes nothing; POST acts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from sodate.consent.consent import RETENTION
from sodate.consent.data_policy import DataPolicy
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.errors import Invalid, NotFound
from sodate.leads.contact_state import ContactState
from sodate.leads.store import load_state
from sodate.playbook.store import Definitions
from sodate.privacy.access import note_access
from sodate.privacy.ask import ask_by_email
from sodate.privacy.data_page import act_page, ask_page, done_page
from sodate.privacy.export import export_lead
from sodate.privacy.export_page import export_page
from sodate.privacy.links import DataLinks, Request, Ticket
from sodate.privacy.store import drop_request, find_request, put_request
from sodate.web import pages
from sodate.web.http import Response, broken_link, download, page

#: API Gateway passes on 6 MB of a function's answer.
MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class DataController:
    """`issuer` names the sender. `policy`: what leads may ask for. `preferred` (argument): language of the browser."""

    definitions: Definitions
    links: DataLinks
    issuer: pages.Issuer
    policy: DataPolicy
    retention: timedelta = RETENTION

    def show(self, token: str, preferred: str, now: datetime) -> Response:
        try:
            ticket, state = self._read(token, now)
        except (Invalid, NotFound) as error:
            return self._broken(error, preferred)
        if ticket.request is None:
            return page(ask_page(self._offered, state.language, self.issuer))
        is_asked = ticket.request == "erase" and find_request(state.lead_id, "erase") is not None
        return page(act_page(ticket.request, state.language, self.issuer, is_asked=is_asked))

    def submit(self, token: str, body: bytes, preferred: str, now: datetime) -> Response:
        try:
            ticket, state = self._read(token, now)
        except (Invalid, NotFound) as error:
            return self._broken(error, preferred)
        fields = _fields(body)
        if ticket.request is None:
            return self._ask(state, fields.get("do", ""), now)
        if ticket.request == "export":
            return self._export(state, fields.get("as", "html"), now)
        if fields.get("do") == "withdraw":
            return self._withdraw(state)
        return self._request_erasure(state, now)

    @property
    def _offered(self) -> tuple[str, ...]:
        offers = {"export": self.policy.self_service.export, "erase": self.policy.self_service.erase != "off"}
        return tuple(name for name, is_offered in offers.items() if is_offered)

    def _read(self, token: str, now: datetime) -> tuple[Ticket, ContactState]:
        """Raises: `Invalid`; `NotFound` for an erased lead. A link of before does nothing that is not offered now."""
        ticket = self.links.read(token, now)
        if ticket.request is not None and ticket.request not in self._offered:
            raise Invalid("this is not offered any more", "link_expired")
        return ticket, load_state(ticket.lead_id)

    def _ask(self, state: ContactState, wanted: str, now: datetime) -> Response:
        """The answer is the same whether an email goes out or the day's emails are used up."""
        requests: dict[str, Request] = {"export": "export", "erase": "erase"}
        if wanted not in self._offered:
            return page(ask_page(self._offered, state.language, self.issuer))
        ask_by_email(state, requests[wanted], now)
        return page(done_page("mailed", state.language, self.issuer))

    def _export(self, state: ContactState, how: str, now: datetime) -> Response:
        note_access(state.lead_id, "the lead", "data page", now, self.policy.access_log)
        document = export_lead(state.lead_id, self.definitions, now).document
        if how == "json":
            text, name = json.dumps(document, ensure_ascii=False, indent=1, default=str), "data.json"
        else:
            text, name = export_page(document, state.language, self.issuer.name), "data.html"
        if len(text.encode()) > MOST_BYTES:
            return page(done_page("too_large", state.language, self.issuer))
        return download(text, name)

    def _request_erasure(self, state: ContactState, now: datetime) -> Response:
        """Marketing stops at once; the erasure follows after the playbook's days, or by a person."""
        unsubscribe(OptOut(state.lead_id, "privacy", None, "preference_page"), now, self.retention)
        put_request(state.lead_id, "erase", now)
        days = self.policy.erase_after_days
        what = "erase_requested" if days is None else "erase_scheduled"
        return page(done_page(what, state.language, self.issuer, days=days or 0))

    def _withdraw(self, state: ContactState) -> Response:
        """What was asked for is not done; email stays off until the lead asks for it again."""
        if item := find_request(state.lead_id, "erase"):
            drop_request(item)
        return page(done_page("withdrawn", state.language, self.issuer))

    def _broken(self, error: Exception, preferred: str) -> Response:
        name = error.code if isinstance(error, Invalid) else "link_expired"
        return broken_link(pages.message(name, preferred, self.issuer))


def _fields(body: bytes) -> Mapping[str, str]:
    """The first value of each field; none of a body that cannot be parsed."""
    try:
        return {name: values[0] for name, values in parse_qs(body[:2000].decode("utf-8", "replace")).items()}
    except ValueError:
        return {}
