"""The feedback link of sales: GET and HEAD show the page, only POST records feedback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions, parsed
from sodate.sales.assign import find
from sodate.sales.definition import Sales
from sodate.sales.feedback import FeedbackInvalid, Recorded, read_feedback, record
from sodate.sales.links import FeedbackLinks, Ticket
from sodate.sales.message import reasons_of, talk_for, who_is
from sodate.web import pages
from sodate.web.feedback_page import Shown, feedback_page, no_page
from sodate.web.http import Response, broken_link, page, wrong_entries


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
            return _no_page(error, language)

    def submit(self, token: str, raw: Mapping[str, Any], language: str, now: datetime) -> Response:
        try:
            ticket = self.links.read(token, now)
            recorded = record(ticket, read_feedback(raw, self._sales), self._sales, now)
        except FeedbackInvalid as error:
            return wrong_entries(self._page(ticket, token, language, wrong=error))
        except (Invalid, NotFound) as error:
            return _no_page(error, language)
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
    ) -> str:
        signal, profile, sales = find(ticket.lead_id, ticket.signal), load_profile(ticket.lead_id), self._sales
        answer = recorded.feedback.answer if recorded else signal.feedback
        owners = {owner.id: owner.name for owner in sales.owners}
        sender = parsed(self.definitions.live("mailing"), Mailing).sender
        shown = Shown(
            who=who_is(profile, "company", "title", "name"),
            owner=owners.get(ticket.owner, ticket.owner),
            why=reasons_of(signal, language),
            talk=talk_for(profile, signal, sales.talks),
            currency=sales.feedback.currency,
            reject_reasons=[(one.id, one.label) for one in sales.feedback.reject_reasons],
            lost_reasons=[(one.id, one.label) for one in sales.feedback.lost_reasons],
            token=token,
            visit=signal.feedback_key or "first",
            answer=answer,
            before=recorded.before if recorded else None,
            status="check" if wrong else "" if recorded is None else "recorded" if recorded.was_new else "already",
            fields=sorted(wrong.fields) if wrong else (),
        )
        return feedback_page(shown, language, pages.Issuer(sender.name, sender.contact))


def _no_page(error: Exception, language: str) -> Response:
    """For an erased lead, the page of an expired link."""
    return broken_link(no_page(error.code if isinstance(error, Invalid) else "link_expired", language))
