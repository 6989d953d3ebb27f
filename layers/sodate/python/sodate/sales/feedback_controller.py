"""The feedback link of sales: GET and HEAD show the page, only POST records feedback."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.consent import pages
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions, parsed
from sodate.sales.assign import find
from sodate.sales.definition import Sales
from sodate.sales.feedback import FeedbackInvalid, Recorded, read_feedback, record
from sodate.sales.feedback_page import Shown, feedback_page, no_page
from sodate.sales.links import FeedbackLinks, Ticket
from sodate.sales.message import reasons_of, talk_for, who_is


@dataclass(frozen=True)
class Page:
    status: int
    html: str


@dataclass(frozen=True)
class FeedbackController:
    """`language`: the preferred language of the browser."""

    definitions: Definitions
    links: FeedbackLinks

    def show(self, token: str, language: str, now: datetime) -> Page:
        try:
            return Page(200, self._page(self.links.read(token, now), token, language))
        except (Invalid, NotFound) as error:
            return _no_page(error, language)

    def submit(self, token: str, raw: Mapping[str, Any], language: str, now: datetime) -> Page:
        try:
            ticket = self.links.read(token, now)
            recorded = record(ticket, read_feedback(raw, self._sales), self._sales, now)
        except FeedbackInvalid as error:
            return Page(422, self._page(ticket, token, language, wrong=error))
        except (Invalid, NotFound) as error:
            return _no_page(error, language)
        return Page(200, self._page(ticket, self._later(ticket, token, now), language, recorded=recorded))

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
            feedback=sales.feedback,
            token=token,
            visit=signal.feedback_key or "first",
            answer=answer,
            before=recorded.before if recorded else None,
            status="check" if wrong else "" if recorded is None else "recorded" if recorded.was_new else "already",
            fields=sorted(wrong.fields) if wrong else (),
        )
        return feedback_page(shown, language, pages.Issuer(sender.name, sender.contact))


def _no_page(error: Exception, language: str) -> Page:
    """For an erased lead, the page of an expired link."""
    return Page(400, no_page(error.code if isinstance(error, Invalid) else "link_expired", language))
