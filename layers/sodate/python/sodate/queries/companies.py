"""A company with its leads, its score and its deals, and the list of all companies."""

from dataclasses import dataclass

from sodate.companies.company import Company
from sodate.companies.manage import whole
from sodate.companies.score import CompanyScore, LeadScore, company_score
from sodate.companies.store import companies, members_of
from sodate.deals.deal import Deal
from sodate.deals.store import deal_ids_of_company, load_deal
from sodate.scoring.store import scores_of

#: Leads whose names are shown of one company.
_LISTED = 200


@dataclass(frozen=True)
class CompanyOverview:
    """`company`: the whole, after merges. `parts`: ids of what was merged into it. `leads`: at most 200 ids."""

    company: Company
    parts: tuple[str, ...]
    score: CompanyScore
    leads: tuple[str, ...]
    deals: tuple[Deal, ...]


def company_overview(company_id: str) -> CompanyOverview:
    """Reads the scores of all its leads. Raises: `NotFound`."""
    company, ids = whole(company_id)
    leads = members_of(ids)
    deals = sorted((load_deal(one) for one in deal_ids_of_company(ids)), key=lambda deal: (deal.opened_at, deal.id))
    return CompanyOverview(company, ids[1:], score_of(leads), tuple(leads[:_LISTED]), tuple(deals))


def score_of(leads: list[str]) -> CompanyScore:
    found = (
        LeadScore(item.lead_id, int(item.total), bool(item.hot), item.rank, item.stage) for item in scores_of(leads)
    )
    return company_score(len(leads), found)


def ranked_companies(least_leads: int = 1) -> list[tuple[Company, CompanyScore]]:
    """Companies that are no part of another one, by their total, the highest first: an operator's command."""
    found = []
    for company in companies():
        if company.merged_into is None:
            score = score_of(members_of((company.id, *company.absorbed)))
            if score.leads >= least_leads:
                found.append((company, score))
    return sorted(found, key=lambda one: (-one[1].total, one[0].id))
