"""Records deals of other systems: contacts are found by address or id, and what is wrong is said per deal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sodate.companies.store import find_company, owner_of_reference
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.errors import NotFound
from sodate.intake.deal_entry import DealRow
from sodate.intake.leads import LeadFinder
from sodate.messages import Message


@dataclass(frozen=True)
class DealResult:
    """`status`: opened, changed, unchanged or refused; of a refused one, `field` and `reason`."""

    status: str
    deal_id: str | None = None
    field: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class DealIntake:
    """`source`: whose ids the deals have. `channel`: `api` or `csv`."""

    source: str
    channel: str
    deals: Deals
    finder: LeadFinder
    now: datetime
    new_id: Callable[[], str]
    dry_run: bool = False

    def record(self, row: DealRow, by: str | None = None) -> DealResult:
        """Raises: `Invalid`, `Conflict`; `NotFound` for a contact that is no lead; `Transient`."""
        leads = self.finder.find(ref for ref, _ in row.contacts) if row.contacts else {}
        missing = [number for number, (ref, _) in enumerate(row.contacts, start=1) if ref not in leads]
        if missing:
            raise NotFound(
                Message("contact {number} is no lead that Sodate knows; import leads first", number=missing[0])
            )
        entry = DealEntry(
            reference=(self.source, row.id),
            source=self.channel,
            id=row.statement_id,
            effective_at=row.at,
            stage=row.stage,
            money=row.money,
            expected_close=row.expected_close,
            owner=row.owner,
            company=_company(row.company),
            reason=row.reason,
            added=tuple({leads[ref]: role for ref, role in row.contacts}.items()),
            by=by,
        )
        recorded = record_deal(entry, self.deals, self.now, self.new_id, dry_run=self.dry_run)
        return DealResult(recorded.outcome.value, recorded.deal.id)


def _company(name: str | None) -> str | None:
    """Raises: `NotFound` for a company that Sodate does not know, by its id or as `source:id`."""
    if name is None:
        return None
    source, separator, external_id = name.partition(":")
    company_id = owner_of_reference(source, external_id) if separator else name
    if company_id is None or find_company(company_id) is None:
        raise NotFound(Message("there is no company {company}; `sodate company list` shows them", company=name[:80]))
    return company_id
