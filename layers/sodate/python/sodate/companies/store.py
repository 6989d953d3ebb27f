"""COMPANY# items: the company, its members, the owner of each domain and external id, and the list of all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from sodate.companies.company import Company
from sodate.dynamodb import company_keys, keys, table
from sodate.dynamodb.item import TableItem, decode
from sodate.dynamodb.table import ConditionFailed, Delete, Put, Write
from sodate.errors import NotFound
from sodate.leads.existence import stays_itself, still_exists
from sodate.leads.store import ProfileItem, profile_key
from sodate.leads.text import plain_id
from sodate.messages import Message

#: Why a lead belongs to its company: its address, a merge, or an operator's word, which no address overrules.
BY_DOMAIN, BY_MERGE, BY_OPERATOR = "domain", "merge", "operator"
#: Members that a page or a command reads of one company.
MOST_MEMBERS = 10_000


class CompanyItem(TableItem, discriminator="company"):
    name = UnicodeAttribute(null=True)
    domains: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    industry = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    employees = NumberAttribute(null=True)
    external: MapAttribute[str, Any] = MapAttribute(null=True)
    created = UnicodeAttribute()
    merged_into = UnicodeAttribute(null=True)
    absorbed: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    version = NumberAttribute()


class CompanyOwnerItem(TableItem, discriminator="companyowner"):
    """The first conditional put decides which company a domain or an external id belongs to."""

    company_id = UnicodeAttribute()


class CompanyMemberItem(TableItem, discriminator="companymember"):
    since = UnicodeAttribute()


class LeadCompanyItem(TableItem, discriminator="leadcompany"):
    """In the partition of the lead. `by`: `domain`, `merge` or `operator`. `given_by`: the merged lead whose company it
    is; only the undoing of that merge takes it away.
    """

    company_id = UnicodeAttribute()
    by = UnicodeAttribute()
    given_by = UnicodeAttribute(null=True)
    since = UnicodeAttribute()


class ListedCompanyItem(TableItem, discriminator="listedcompany"):
    created = UnicodeAttribute()


class CompanyMergeItem(TableItem, discriminator="companymerge"):
    """What was merged or undone, for people. `action`: `merge` or `unmerge`."""

    action = UnicodeAttribute()
    other = UnicodeAttribute()
    by = UnicodeAttribute(null=True)


def find_company(company_id: str) -> tuple[Company, int] | None:
    """The company and its version."""
    item = table.find(CompanyItem, company_keys.company(company_id), company_keys.COMPANY)
    return (_company(item), int(item.version)) if item else None


def load_company(company_id: str) -> tuple[Company, int]:
    """Raises: `NotFound`."""
    found = find_company(company_id)
    if found is None:
        raise NotFound(
            Message("there is no company {company}; `sodate company list` shows them", company=company_id[:80])
        )
    return found


def owner_of_domain(domain: str) -> str | None:
    item = table.find(CompanyOwnerItem, company_keys.company_domain(domain), keys.OWNER)
    return item.company_id if item else None


def owner_of_reference(source: str, external_id: str) -> str | None:
    """`external_id`: as somebody writes it."""
    item = table.find(CompanyOwnerItem, company_keys.company_reference(source, plain_id(external_id)), keys.OWNER)
    return item.company_id if item else None


def company_of(lead_id: str) -> str | None:
    """The company to which the lead belongs, before merges."""
    link = find_link(lead_id)
    return link.company_id if link else None


def find_link(lead_id: str) -> LeadCompanyItem | None:
    return table.find(LeadCompanyItem, keys.lead(lead_id), company_keys.COMPANY)


def companies() -> list[Company]:
    """All companies, in order of their creation: an operator's command."""
    listed = table.query(ListedCompanyItem, company_keys.COMPANIES)
    wanted = [(company_keys.company(one.sk), company_keys.COMPANY) for one in listed]
    rows = table.get_many(wanted)
    return [_company(decode(CompanyItem, rows[key])) for key in wanted if key in rows]


def members_of(company_ids: Iterable[str]) -> list[str]:
    """Lead ids, at most `MOST_MEMBERS`."""
    leads: list[str] = []
    for company_id in company_ids:
        items = table.query(
            CompanyMemberItem,
            company_keys.company(company_id),
            company_keys.MEMBERS,
            limit=MOST_MEMBERS + 1 - len(leads),
        )
        leads += [company_keys.lead_of_member(item.sk) for item in items]
        if len(leads) > MOST_MEMBERS:
            break
    return leads[:MOST_MEMBERS]


def creation(company: Company) -> list[Write]:
    """They fail when the id is taken, or a domain or external id has an owner."""
    listed = ListedCompanyItem(company_keys.COMPANIES, company.id, created=company.created)
    return [Put.new(_item(company, 1)), Put.new(listed), *_owners(company, Company(company.id))]


def change(before: Company, version: int, after: Company) -> list[Write]:
    """They fail after a concurrent change, and when a new domain or external id has an owner."""
    return [Put(_item(after, version + 1), CompanyItem.version == version), *_owners(after, before)]


@dataclass(frozen=True)
class Reason:
    """Why a lead belongs to its company. `given_by`: the merged lead that gave it, `by` a merge."""

    by: str
    given_by: str | None = None


def joining(lead_id: str, company_id: str, why: Reason, link: LeadCompanyItem | None, now: datetime) -> list[Write]:
    """They fail when the lead was erased or merged into another one, or joined another company meanwhile."""
    at, is_new = keys.stamp(now), link is None or link.company_id != company_id
    item = LeadCompanyItem(
        keys.lead(lead_id), company_keys.COMPANY, company_id=company_id, by=why.by, given_by=why.given_by,
        since=at if link is None or is_new else link.since,
    )  # fmt: skip
    unchanged = LeadCompanyItem.pk.does_not_exist() if link is None else _is_still(link)
    member = CompanyMemberItem(company_keys.company(company_id), company_keys.company_member(lead_id), since=item.since)
    writes: list[Write] = [stays_itself(lead_id), Put(item, unchanged), Put(member)]
    return writes if link is None or not is_new else [*writes, leaving(lead_id, link.company_id)]


def _is_still(link: LeadCompanyItem) -> Condition:
    same: Condition = (LeadCompanyItem.company_id == link.company_id) & (LeadCompanyItem.by == link.by)
    return same


def rejoining(lead_id: str, link: LeadCompanyItem) -> list[Write]:
    """The lead is on the list of its company again. They fail when the lead was erased."""
    pk, sk = company_keys.company(link.company_id), company_keys.company_member(lead_id)
    return [still_exists(lead_id), Put(CompanyMemberItem(pk, sk, since=link.since))]


def unlinking(lead_id: str, link: LeadCompanyItem) -> list[Write]:
    """The lead belongs to no company. They fail when its link was changed meanwhile."""
    return [Delete(link, _is_still(link)), leaving(lead_id, link.company_id)]


def leaving(lead_id: str, company_id: str) -> Delete:
    """The lead is no member any more: it joined another company, or was erased."""
    return Delete(CompanyMemberItem(company_keys.company(company_id), company_keys.company_member(lead_id)))


def copy_attributes(lead_id: str, attributes: Mapping[str, str | int]) -> bool:
    """What the profile says of the company. False when it says so already, or the lead was erased."""
    copy = ProfileItem.company
    action = copy.set(dict(attributes)) if attributes else copy.remove()
    differs = (copy.does_not_exist() | (copy != dict(attributes))) if attributes else copy.exists()
    try:
        table.update(profile_key(lead_id), [action], ProfileItem.created.exists() & differs)
    except ConditionFailed:
        return False
    return True


def merge_note(company_id: str, action: str, other: str, by: str | None, now: datetime) -> Put:
    pk, sk = company_keys.company(company_id), company_keys.company_merge(now, other)
    return Put(CompanyMergeItem(pk, sk, action=action, other=other, by=by))


def _owners(after: Company, before: Company) -> list[Write]:
    wanted = [company_keys.company_domain(one) for one in after.domains if one not in before.domains]
    wanted += [
        company_keys.company_reference(source, external_id)
        for source, external_id in after.external.items()
        if source not in before.external
    ]
    return [Put.new(CompanyOwnerItem(pk, keys.OWNER, company_id=after.id)) for pk in wanted]


def _item(company: Company, version: int) -> CompanyItem:
    return CompanyItem(
        company_keys.company(company.id),
        company_keys.COMPANY,
        name=company.name or None,
        domains=list(company.domains) or None,
        industry=company.industry or None,
        region=company.region or None,
        employees=company.employees,
        external=dict(company.external) or None,
        created=company.created,
        merged_into=company.merged_into,
        absorbed=list(company.absorbed) or None,
        version=version,
    )


def _company(item: CompanyItem) -> Company:
    return Company(
        id=company_keys.company_id_of(item.pk),
        name=item.name or "",
        domains=tuple(item.domains or ()),
        industry=item.industry or "",
        region=item.region or "",
        employees=int(item.employees) if item.employees is not None else None,
        external=item.external.as_dict() if item.external else {},
        created=item.created,
        merged_into=item.merged_into,
        absorbed=tuple(item.absorbed or ()),
    )
