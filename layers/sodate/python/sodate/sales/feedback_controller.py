"""The feedback link of sales: GET and HEAD show the page, only POST records feedback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.email.issuer import issuer_of, live_issuer
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions, parsed
from sodate.sales.assign import find
from sodate.sales.conversation import FeedbackKind
from sodate.sales.definition import Sales
from sodate.sales.feedback import FeedbackInvalid, Recorded, read_feedback, record
from sodate.sales.links import FeedbackLinks, Ticket
from sodate.sales.message import by_weight, names_of, talk_for
from sodate.sales.titles import Titles
from sodate.scoring.store import find_score
from sodate.web import pages
from sodate.web.feedback_page import AnswerReason, Shown, Weighted, feedback_page, no_page
from sodate.web.http import Response, broken_link, page, wrong_entries

#: Offered beside the usual one of the playbook; a CRM may post any other.
_CURRENCIES = ("JPY", "USD", "EUR", "GBP", "CNY", "KRW", "TWD", "HKD", "SGD", "THB", "VND", "IDR", "INR", "AUD")


@dataclass(frozen=True)
class FeedbackController:
    """`language`: the preferred language of the browser. `note_access`: (lead id, owner of the link, now), after the
    page of a lead was made.
    """

    definitions: Definitions
    links: FeedbackLinks
    note_access: Callable[[str, str, datetime], None] = lambda lead_id, owner, now: None

    def show(self, token: str, language: str, now: datetime) -> Response:
        try:
            ticket = self.links.read(token, now)
            shown = page(self._page(ticket, token, language))
            self.note_access(ticket.lead_id, ticket.owner, now)
            return shown
        except (Invalid, NotFound) as error:
            return self._no_page(error, language)

    def submit(self, token: str, raw: Mapping[str, Any], language: str, now: datetime) -> Response:
        try:
            ticket = self.links.read(token, now)
            recorded = record(ticket, read_feedback(raw, self._sales), self._sales, now)
        except FeedbackInvalid as error:
            return wrong_entries(self._page(ticket, token, language, wrong=error))
        except (Invalid, NotFound) as error:
            return self._no_page(error, language)
        return page(self._page(ticket, self._later(ticket, token, now), language, recorded=recorded))

    def submit_json(self, token: str, raw: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """JSON for CRMs.

        Raises: `Invalid`, `NotFound`.
        """
        ticket = self.links.read(token, now)
        recorded = record(ticket, read_feedback(raw, self._sales), self._sales, now)
        return {
            "status": "recorded" if recorded.was_new else "already_recorded",
            "answer": recorded.feedback.answer,
            "before": recorded.before,
            "link": self.links.url_of(self._later(ticket, token, now)),
        }

    @property
    def _sales(self) -> Sales:
        return parsed(self.definitions.live("sales"), Sales)

    def _later(self, ticket: Ticket, token: str, now: datetime) -> str:
        """Token for later feedback. It ends `deal_days` after the signal; further feedback does not extend it."""
        raised = datetime.fromisoformat(find(ticket.lead_id, ticket.signal).at)
        left = raised + timedelta(days=self._sales.feedback.deal_days) - now
        return self.links.token(ticket, now, left) if left > timedelta(0) else token

    def _page(
        self,
        ticket: Ticket,
        token: str,
        language: str,
        *,
        recorded: Recorded | None = None,
        wrong: FeedbackInvalid | None = None,
    ) -> pages.Page:
        signal, profile, sales = find(ticket.lead_id, ticket.signal), load_profile(ticket.lead_id), self._sales
        answer = recorded.feedback.answer if recorded else signal.feedback
        owners = {owner.id: owner.name for owner in sales.owners}
        score = find_score(ticket.lead_id)
        shown = Shown(
            who=names_of(profile, "company", "title", "name"),
            owner=owners.get(ticket.owner, ticket.owner),
            score=int(signal.total),
            phase=signal.phase_label,
            rank=score.rank if score else "",
            why=[Weighted(str(one["label"]), int(one["points"]), int(one["times"])) for one in by_weight(signal)],
            talk=talk_for(profile, signal, sales.talks),
            currencies=tuple(dict.fromkeys((sales.feedback.currency, *_CURRENCIES))),
            reject_reasons=self._reasons(FeedbackKind.REJECTED),
            lost_reasons=self._reasons(FeedbackKind.LOST),
            token=token,
            visit=signal.feedback_key or "first",
            answer=answer,
            before=recorded.before if recorded else None,
            status="check" if wrong else "" if recorded is None else "recorded" if recorded.was_new else "already",
            fields=sorted(wrong.fields) if wrong else (),
        )
        return feedback_page(shown, language, issuer_of(parsed(self.definitions.live("mailing"), Mailing)))

    def _reasons(self, answer: FeedbackKind) -> list[AnswerReason]:
        sales, titles = self._sales, Titles(self.definitions)
        reasons = []
        for reason in sales.feedback.reasons_of(answer):
            again = sales.recycle.get(reason.id)
            after = again.after_days if again else None
            title = titles.title("sequence", again.sequence) if again else ""
            reasons.append(AnswerReason(reason.id, reason.label, after, title))
        return reasons

    def _no_page(self, error: Exception, language: str) -> Response:
        """For an erased lead, the page of an expired link."""
        code = error.code if isinstance(error, Invalid) else "link_expired"
        return broken_link(no_page(code, language, live_issuer(self.definitions)))
