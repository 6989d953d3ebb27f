"""Copies what is known of a company into the profiles of its leads, where conditions ask for it.

Whoever changes a company, or the company of a lead, writes that first and copies then. Each copy is compared with the
company once more after it was written, so that of two concurrent copies the last one is right.
"""

from collections.abc import Iterable

from sodate.companies import store
from sodate.companies.company import Company, copied_attributes
from sodate.errors import Transient
from sodate.leads.store import profiles_of
from sodate.messages import Message

_TRIES = 5


def copy_to_lead(lead_id: str) -> bool:
    """Whether the profile has changed. Its stream record lets score, segments and scenarios follow.

    Raises: `Transient` when the company changes too fast.
    """
    has_changed, attributes = False, _of_lead(lead_id)
    for _ in range(_TRIES):
        has_changed |= store.copy_attributes(lead_id, attributes)
        now = _of_lead(lead_id)
        if now == attributes:
            return has_changed
        attributes = now
    raise Transient(Message("the company of lead {lead_id} changes too fast: try again", lead_id=lead_id))


def copy_to_leads(companies: Iterable[Company]) -> int:
    """Leads of these companies and of their parts whose profile has changed; 10,000 at most are looked at.

    Only profiles that say something else are written: a lead without a change costs one read unit.

    Raises: `Transient`, as above; the same call again goes on there.
    """
    ids = dict.fromkeys(each for company in companies for each in (company.id, *company.absorbed))
    return sum(map(_copy_to_members, ids))


def _copy_to_members(company_id: str) -> int:
    attributes = _of_company(company_id)
    profiles = profiles_of(store.members_of([company_id]), consistent=True)
    return sum(copy_to_lead(lead_id) for lead_id, one in sorted(profiles.items()) if one.company != attributes)


def _of_lead(lead_id: str) -> dict[str, str | int]:
    company_id = store.company_of(lead_id)
    return _of_company(company_id) if company_id is not None else {}


def _of_company(company_id: str) -> dict[str, str | int]:
    stored = store.find_company(company_id)
    if stored is None:
        return {}
    company = whole = stored[0]
    if company.merged_into is not None:
        whole = store.load_company(company.merged_into)[0]
    return copied_attributes(company, whole)
