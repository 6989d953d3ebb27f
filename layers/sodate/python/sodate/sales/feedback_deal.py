"""What feedback says of the lead's deal: one deal per signal, or the only open deal that the lead has."""

from dataclasses import dataclass
from datetime import datetime

from sodate.activities.activity import activity_key
from sodate.activities.catalog import ActivityType
from sodate.deals.deal import DealStatus
from sodate.deals.entry import DealEntry
from sodate.deals.record import planned
from sodate.deals.store import deals_of_lead, find_deal_id
from sodate.dynamodb.table import Write
from sodate.money import Money
from sodate.sales.conversation import FeedbackKind
from sodate.sales.definition import Sales
from sodate.sales.links import Ticket

#: The source of deals that feedback opened; imports and the API cannot use the name.
SOURCE = "feedback"
_STATUS = {
    FeedbackKind.WON: DealStatus.WON,
    FeedbackKind.LOST: DealStatus.LOST,
    FeedbackKind.MEETING_SET: DealStatus.OPEN,
}


@dataclass(frozen=True)
class DealFeedback:
    """`key`: of the feedback entry. `type`: of the activity that the feedback itself is."""

    ticket: Ticket
    answer: FeedbackKind
    key: str
    type: ActivityType
    money: Money | None
    reason: str | None

    def writes(self, sales: Sales, now: datetime) -> tuple[str | None, list[Write]]:
        """The id of the deal and its writes, for the transaction of the feedback. None: it says nothing of a deal.

        Raises: `Invalid`, `Conflict`, as `deals.record.planned`.
        """
        status = _STATUS.get(self.answer)
        if status is None:
            return None, []
        reference = (SOURCE, f"{self.ticket.lead_id}/{self.ticket.signal}")
        known = find_deal_id(*reference) or self._only_open_deal()
        if status is DealStatus.OPEN and (known is not None or not sales.deals.meeting_opens_deal):
            return known, []  # a meeting says nothing of the stage of a deal that is open
        deal_id = known or activity_key("deal_of_signal", *reference)
        entry = DealEntry(
            reference=reference,
            source=SOURCE,
            id=self.key,
            effective_at=now,
            stage=sales.deals.first_with(status).id,
            money=self.money,
            reason=self.reason,
            owner=self.ticket.owner,
            added=((self.ticket.lead_id, ""),),
            by=self.ticket.owner,
        )
        own = (self.ticket.lead_id, self.type.value)
        _, writes = planned(entry, sales.deals, now, lambda: deal_id, deal_id=deal_id, logged=own)
        return deal_id, writes

    def _only_open_deal(self) -> str | None:
        """With several open deals nobody knows which one is meant; the signal then gets a deal of its own."""
        still_open = [deal.id for deal in deals_of_lead(self.ticket.lead_id) if deal.status is DealStatus.OPEN]
        return still_open[0] if len(still_open) == 1 else None
