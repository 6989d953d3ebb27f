"""HTTP controller of the preference page: verifies the link, acts, renders the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sodate.consent import links
from sodate.consent.consent import RETENTION
from sodate.consent.preferences import FREQUENCIES, PAUSES, change_preferences, read_preference_changes, renewable
from sodate.consent.store import consents_of
from sodate.consent.visit import Visits
from sodate.leads.contact_state import Block, ContactState
from sodate.leads.store import load_state
from sodate.leads.time_zone import find_time_zone
from sodate.web.http import Response, page
from sodate.web.preference_page import PreferenceView, TopicChoice, preference_page


def no_data_link(_: str, __: datetime) -> str:
    """Leads cannot ask for their own data here."""
    return ""


@dataclass(frozen=True)
class PreferenceController:
    """`retention` is how long evidence outlives a withdrawal.

    `data_link`: (lead id, now) → the page on which a lead asks for its own data; empty: not offered.
    """

    visits: Visits
    retention: timedelta = RETENTION
    data_link: Callable[[str, datetime], str] = no_data_link

    def ask(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], _: ContactState) -> Response:
            return self._preferences(load_state(payload["l"]), "", now)

        return self.visits.visit((links.PREFERENCES, token), preferred, now, act)

    def change(self, token: str, body: bytes, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], _: ContactState) -> Response:
            changes = replace(read_preference_changes(_fields(body)), send_id=payload.get("s"))
            state = change_preferences(payload["l"], changes, self.retention, now)
            return self._preferences(state, "stopped" if changes.stop else "saved", now)

        return self.visits.visit((links.PREFERENCES, token), preferred, now, act)

    def _preferences(self, state: ContactState, result: str, now: datetime) -> Response:
        renewable_topics = renewable(state, consents_of(state.lead_id))
        topics = tuple(
            TopicChoice(id_, name, about, on := state.topics[id_] != "withdrawn", on or id_ in renewable_topics)
            for id_, name, about in self.visits.topics
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
        return page(preference_page(view, self.visits.issuer, result))


def _fields(body: bytes) -> dict[str, list[str]]:
    """Fields of an HTML form, read from at most 20,000 bytes. An unparsable body has no fields, so nothing changes."""
    try:
        return parse_qs(body[:20_000].decode("utf-8", "replace"), max_num_fields=200)
    except ValueError:
        return {}
