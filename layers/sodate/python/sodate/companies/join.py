"""A lead joins the company of its address; the first lead of a domain makes the company.

A merged lead is a member of none: its person is the lead that stays.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from sodate.companies import store
from sodate.companies.company import Company, with_domain
from sodate.companies.copy_attributes import copy_to_lead
from sodate.companies.domain import corporate_domain
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Invalid, Transient
from sodate.leads.lead import Profile
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import find_state
from sodate.messages import Message

_TRIES = 5
_BY_DOMAIN, _BY_OPERATOR = store.Reason(store.BY_DOMAIN), store.Reason(store.BY_OPERATOR)


def join_by_address(profile: Profile, now: datetime, new_id: Callable[[], str]) -> str | None:
    """The id of the lead's company; None for a lead without a corporate address, and for a merged one. A repeat
    writes nothing.

    A lead whose new address is free mail stays where it was, and so does one that an operator put into a company.

    Raises: `Transient` after five concurrent changes.
    """
    domain = _domain(profile)
    if domain is None:
        return None
    for _ in range(_TRIES):
        link, company_id = store.find_link(profile.lead_id), store.owner_of_domain(domain)
        if link is not None and _stays(link, company_id):
            return link.company_id
        if not _may_join(profile.lead_id):
            return None
        writes = []
        if company_id is None:
            company = with_domain(Company(new_id(), created=keys.stamp(now)), domain)
            writes, company_id = store.creation(company), company.id
        try:
            table.commit([*writes, *store.joining(profile.lead_id, company_id, _BY_DOMAIN, link, now)])
        except ConditionFailed:
            continue
        if not writes or link is not None:  # the first lead of a new company has nothing to copy
            copy_to_lead(profile.lead_id)
        return company_id
    raise Transient(Message("the company of lead {lead_id} changes too fast: try again", lead_id=profile.lead_id))


def _may_join(lead_id: str) -> bool:
    """Not one that was erased, or merged into another lead."""
    state = find_state(lead_id)
    return state is not None and lead_that_stays(state) is None


def _stays(link: store.LeadCompanyItem, company_id: str | None) -> bool:
    """What a merge gave is taken back with it, so what the lead's own address says is written over it."""
    return link.by == store.BY_OPERATOR or (link.company_id == company_id and link.by != store.BY_MERGE)


def _domain(profile: Profile) -> str | None:
    try:
        return corporate_domain(profile.mailbox)
    except Invalid:
        return None  # the address of another system's import; it is not ours to mend here


def join_changed(changes: Iterable[tuple[Profile | None, Profile]], now: datetime, new_id: Callable[[], str]) -> None:
    """Profiles before and after a change; before None: a new lead. Only a new address can lead to a company.

    Raises: `Transient`, as above.
    """
    for before, after in changes:
        if before is None or before.mailbox != after.mailbox:
            join_by_address(after, now, new_id)


def put_into(lead_id: str, company_id: str, now: datetime) -> bool:
    """An operator says to which company the lead belongs, of a merged lead the one that stays. Returns whether
    anything changed. The same call again completes one that was cut off.

    Raises: `NotFound` without the company; `Transient`, as above.
    """
    store.load_company(company_id)
    for _ in range(_TRIES):
        lead_id = lead_that_stays(find_state(lead_id)) or lead_id
        link = store.find_link(lead_id)
        if link is not None and (link.company_id, link.by) == (company_id, store.BY_OPERATOR):
            return copy_to_lead(lead_id)
        try:
            table.commit(store.joining(lead_id, company_id, _BY_OPERATOR, link, now))
        except ConditionFailed:
            continue
        copy_to_lead(lead_id)
        return True
    raise Transient(
        Message("the company of lead {lead_id} changes too fast, or the lead was erased: try again", lead_id=lead_id)
    )
