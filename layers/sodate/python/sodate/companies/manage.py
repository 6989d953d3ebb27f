"""What people do with companies: create, describe, merge, and undo a merge. No data of a company is lost by a merge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sodate.companies import store
from sodate.companies.company import Company, changed, check_merge, with_domain, with_external
from sodate.companies.copy_attributes import copy_to_leads
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import ConditionFailed
from sodate.errors import Conflict
from sodate.messages import Message


@dataclass(frozen=True)
class Description:
    """What a person says of a company: attributes by name, domains, pairs of source and external id."""

    attributes: Mapping[str, str]
    domains: Sequence[str] = ()
    external: Sequence[tuple[str, str]] = ()

    def applied(self, company: Company) -> Company:
        """Raises: `Invalid`, `Conflict`."""
        company = changed(company, self.attributes)
        for domain in self.domains:
            company = with_domain(company, domain)
        for source, external_id in self.external:
            company = with_external(company, source, external_id)
        return company


def create(description: Description, now: datetime, new_id: Callable[[], str]) -> Company:
    """Raises: `Invalid`; `Conflict` when a domain or an external id belongs to a company already."""
    company = description.applied(Company(new_id(), created=keys.stamp(now)))
    try:
        table.commit(store.creation(company))
    except ConditionFailed as error:
        raise Conflict(_taken(company)) from error
    return company


def describe(company_id: str, description: Description) -> tuple[Company, bool]:
    """The company, and whether anything changed. Its leads follow; the same call again completes one that was cut off.

    Raises: `NotFound`, `Invalid`; `Conflict` after a concurrent change, or when a domain or an external id belongs to
    another company; `Transient`.
    """
    before, version = store.load_company(company_id)
    after = description.applied(before)
    if after != before:
        try:
            table.commit(store.change(before, version, after))
        except ConditionFailed as error:
            raise Conflict(_taken(after)) from error
    copied = copy_to_leads([after])
    return after, after != before or copied > 0


def merge(into_id: str, part_id: str, by: str | None, now: datetime) -> Company:
    """`part` becomes a part of `into`: its leads and deals count there. It keeps its own data, for `unmerge`.

    Raises: `NotFound`, `Conflict`.
    """
    (into, into_version), (part, part_version) = store.load_company(into_id), store.load_company(part_id)
    if part.merged_into == into.id:
        copy_to_leads([part])
        return into
    check_merge(into, part)
    after = replace(into, absorbed=(*into.absorbed, part.id))
    writes = store.change(into, into_version, after)
    writes += store.change(part, part_version, replace(part, merged_into=into.id))
    _commit([*writes, store.merge_note(into.id, "merge", part.id, by, now)])
    copy_to_leads([part])
    return after


def unmerge(part_id: str, by: str | None, now: datetime) -> tuple[Company, bool]:
    """The part is a company of its own again, with the leads and deals that are its own. False: it was one already.

    Raises: `NotFound`; `Conflict` after a concurrent change.
    """
    part, part_version = store.load_company(part_id)
    if part.merged_into is None:
        copy_to_leads([part])
        return part, False
    into, into_version = store.load_company(part.merged_into)
    writes = store.change(into, into_version, replace(into, absorbed=tuple(x for x in into.absorbed if x != part.id)))
    after = replace(part, merged_into=None)
    writes += store.change(part, part_version, after)
    _commit([*writes, store.merge_note(into.id, "unmerge", part.id, by, now)])
    copy_to_leads([part])
    return after, True


def whole(company_id: str) -> tuple[Company, tuple[str, ...]]:
    """The company of which this one is a part, or itself; and the ids of it and all its parts.

    Raises: `NotFound`.
    """
    company, _ = store.load_company(company_id)
    if company.merged_into is not None:
        company, _ = store.load_company(company.merged_into)
    return company, (company.id, *company.absorbed)


def _commit(writes: Sequence[table.Write]) -> None:
    try:
        table.commit(writes)
    except ConditionFailed as error:
        raise Conflict(
            Message("somebody changed one of the two companies meanwhile; look at them and try again")
        ) from error


def _taken(company: Company) -> str:
    owners = {domain: store.owner_of_domain(domain) for domain in company.domains}
    owners |= {f"{source}:{one}": store.owner_of_reference(source, one) for source, one in company.external.items()}
    for what, owner in owners.items():
        if owner not in (None, company.id):
            return Message(
                "{what} belongs to company {owner}; merge the two with `sodate company merge`, or leave it out",
                what=what,
                owner=owner,
            )
    return Message("somebody changed the company meanwhile; try again")
