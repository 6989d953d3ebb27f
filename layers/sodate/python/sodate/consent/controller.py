"""HTTP controller of the opt-in, unsubscribe and preference pages: verifies the link, acts, renders the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sodate.consent import links
from sodate.consent.confirm import OnConfirmed, confirm_opt_in
from sodate.consent.consent import RETENTION, Method
from sodate.consent.preferences import FREQUENCIES, PAUSES, change_preferences, read_preference_changes, renewable
from sodate.consent.store import consents_of
from sodate.consent.unsubscribe import OptOut, unsubscribe
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import find_state, load_state
from sodate.leads.time_zone import find_time_zone
from sodate.signing import Signer
from sodate.web import pages
from sodate.web.http import Response, broken_link, page
from sodate.web.preference_page import PreferenceView, TopicChoice, preference_page


def no_data_link(_: str, __: datetime) -> str:
    """Leads cannot ask for their own data here."""
    return ""


@dataclass(frozen=True)
class ConsentController:
    """`issuer` names the sender at the foot of the page. `preferred` (method argument) is the browser's language, used
    when the link is broken and the language of the lead is therefore unknown.

    `topics`: (id, name, description) of the playbook; `retention` is how long evidence outlives a withdrawal.
    `data_link`: (lead id, now) → the page on which a lead asks for its own data; empty: not offered.
    """

    signer: Signer
    on_confirmed: OnConfirmed
    issuer: pages.Issuer
    topics: Sequence[tuple[str, str, str]] = ()
    retention: timedelta = RETENTION
    data_link: Callable[[str, datetime], str] = no_data_link

    def ask_opt_in(self, token: str, preferred: str, now: datetime) -> Response:
        return self._visit(links.OPT_IN, token, preferred, now, lambda _, lang: self._question("opt_in", lang))

    def confirm(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], language: str) -> Response:
            try:
                confirm_opt_in(payload["l"], payload["c"], self.on_confirmed, now)
            except Conflict:
                return self._message("opt_in_used", language)
            return self._message("opt_in_done", language)

        return self._visit(links.OPT_IN, token, preferred, now, act)

    def ask_unsubscribe(self, token: str, preferred: str, now: datetime) -> Response:
        return self._visit(
            links.UNSUBSCRIBE, token, preferred, now, lambda _, lang: self._question("unsubscribe", lang)
        )

    def unsubscribe(self, token: str, body: bytes, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], language: str) -> Response:
            one_click = b"One-Click" in body
            method: Method = "one_click" if one_click else "unsubscribe_page"
            topic = None if one_click or _is_of_everything(body) else payload["t"]
            unsubscribe(OptOut(payload["l"], payload["s"], topic, method), now, self.retention)
            return self._message("unsubscribe_done", language)

        return self._visit(links.UNSUBSCRIBE, token, preferred, now, act)

    def ask_preferences(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], _: str) -> Response:
            return self._preferences(load_state(payload["l"]), "", now)

        return self._visit(links.PREFERENCES, token, preferred, now, act)

    def change_preferences(self, token: str, body: bytes, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], _: str) -> Response:
            changes = replace(read_preference_changes(_fields(body)), send_id=payload.get("s"))
            state = change_preferences(payload["l"], changes, self.retention, now)
            return self._preferences(state, "stopped" if changes.stop else "saved", now)

        return self._visit(links.PREFERENCES, token, preferred, now, act)

    def _preferences(self, state: ContactState, result: str, now: datetime) -> Response:
        renewable_topics = renewable(state, consents_of(state.lead_id))
        topics = tuple(
            TopicChoice(id_, name, about, on := state.topics[id_] != "withdrawn", on or id_ in renewable_topics)
            for id_, name, about in self.topics
            if id_ in state.topics
        )
        time_zone = find_time_zone(state.zone) if state.zone else None
        pause_until = datetime.fromisoformat(state.pause_until) if state.pause_until else now
        view = PreferenceView(
            topics=topics,
            language=state.language,
            frequencies=FREQUENCIES,
            pauses=PAUSES,
            frequency=state.frequency or "all",
            tracks=state.tracking or "on",
            paused_until=pause_until.astimezone(time_zone or UTC).date() if pause_until > now else None,
            time_zone=state.zone,
            off=state.blocked is not None,
            data_url=self.data_link(state.lead_id, now),
            can_return=state.blocked == Block.UNSUBSCRIBED and bool(renewable_topics),
        )
        return page(preference_page(view, self.issuer, result))

    def _visit(
        self, purpose: str, token: str, preferred: str, now: datetime, act: Callable[[Mapping[str, Any], str], Response]
    ) -> Response:
        try:
            payload = self.signer.verify(purpose, token, now)
            state = find_state(str(payload["l"]))
            if state is None:
                raise NotFound("erased")
            return act(payload, state.language)
        except (Invalid, NotFound) as error:
            name = error.code if isinstance(error, Invalid) else "link_expired"
            return broken_link(pages.message(name, preferred, self.issuer))

    def _question(self, name: str, language: str) -> Response:
        return page(pages.question(name, language, self.issuer, choose_scope=name == "unsubscribe"))

    def _message(self, name: str, language: str) -> Response:
        return page(pages.message(name, language, self.issuer))


def _is_of_everything(body: bytes) -> bool:
    """An unreadable body counts as an opt-out of everything: in doubt, no more email is sent."""
    return parse_qs(body[:2000].decode("utf-8", "replace")).get("scope") != ["topic"]


def _fields(body: bytes) -> dict[str, list[str]]:
    """Fields of an HTML form, read from at most 20,000 bytes. An unparsable body has no fields, so nothing changes."""
    try:
        return parse_qs(body[:20_000].decode("utf-8", "replace"), max_num_fields=200)
    except ValueError:
        return {}
