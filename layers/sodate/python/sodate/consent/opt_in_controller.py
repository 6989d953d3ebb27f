"""HTTP controller of the opt-in page: it shows what the lead agreed to, and its button confirms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sodate.consent import links
from sodate.consent.confirm import OnConfirmed, confirm_opt_in
from sodate.consent.consent import wording_digest
from sodate.consent.store import find_consent
from sodate.consent.visit import Visits
from sodate.errors import Conflict
from sodate.leads.contact_state import ContactState
from sodate.web import pages
from sodate.web.consent_pages import Agreement, opt_in_page
from sodate.web.http import Response, page

#: (form id, version) → title of the form and wording of its consent, as that version has them; None: not known.
FormWords = Callable[[str, int], tuple[str, str] | None]


def no_form_words(_: str, __: int) -> None:
    return None


@dataclass(frozen=True)
class OptInController:
    visits: Visits
    on_confirmed: OnConfirmed
    form_words: FormWords = no_form_words

    def ask(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], state: ContactState) -> Response:
            agreement = self._agreement(state.lead_id, str(payload["c"]))
            return page(opt_in_page(agreement, state.language, self.visits.issuer))

        return self.visits.visit((links.OPT_IN, token), preferred, now, act)

    def confirm(self, token: str, preferred: str, now: datetime) -> Response:
        def act(payload: Mapping[str, Any], state: ContactState) -> Response:
            try:
                confirm_opt_in(payload["l"], payload["c"], self.on_confirmed, now)
            except Conflict:
                return page(pages.message("opt_in_used", state.language, self.visits.issuer))
            return page(pages.message("opt_in_done", state.language, self.visits.issuer))

        return self.visits.visit((links.OPT_IN, token), preferred, now, act)

    def _agreement(self, lead_id: str, consent_sort_key: str) -> Agreement:
        """Words are shown only when they are those whose digest is the evidence."""
        request = find_consent(lead_id, consent_sort_key)
        if request is None:
            return Agreement()
        known = request.form_id is not None and request.form_version is not None
        form = self.form_words(str(request.form_id), int(request.form_version)) if known else None
        title, wording = form or ("", "")
        is_agreed = wording_digest(wording) == request.wording_digest
        topics = [(name, about) for id_, name, about in self.visits.topics if id_ in request.topics]
        return Agreement(title, wording if is_agreed else "", topics)
