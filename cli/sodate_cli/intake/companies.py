"""`sodate company …`: companies with their leads, scores and deals."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sodate.companies.company import Company
from sodate.companies.copy_attributes import copy_to_lead
from sodate.companies.join import join_by_address, put_into
from sodate.companies.manage import Description, create, describe, merge, unmerge
from sodate.companies.store import company_of
from sodate.dynamodb.item import TableItem
from sodate.errors import Invalid
from sodate.intake.bytes import records_of
from sodate.intake.company_file import CompanyFile, CompanyIntake
from sodate.intake.company_row import CompanyMapping, MappedCompanies
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import StateItem, every_lead, find_state, profiles_of
from sodate.messages import Message
from sodate.queries.companies import company_overview, ranked_companies

from sodate_cli import output
from sodate_cli.imports.files import opened
from sodate_cli.intake.activities import new_id
from sodate_cli.intake.deals import document_of, pair
from sodate_cli.intake.files import RefusedRows, mapping_from
from sodate_cli.leads import EmailArgument, shown_name
from sodate_cli.operator import StageOption, explained, find_lead, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Companies (企業): leads, scores and deals by company.", no_args_is_help=True)
CompanyArgument = Annotated[
    str, typer.Argument(help="Id of the company, as `sodate company list` shows it.", show_default=False)
]
DomainOption = Annotated[list[str] | None, typer.Option("--domain", help="example.co.jp; repeatable.")]
ExternalOption = Annotated[list[str] | None, typer.Option("--external", help="source:id; repeatable.")]
ValuesArgument = Annotated[
    list[str] | None, typer.Argument(help="name=例示株式会社 industry=… region=… employees=1200", show_default=False)
]


@app.command("list")
def list_companies(
    leads: Annotated[int, typer.Option("--leads", help="Only companies with at least so many leads.", min=0)] = 1,
    limit: Annotated[int, typer.Option("--limit", help="How many are shown.", min=1, max=10_000)] = 100,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Companies by the total score of their leads, the highest first. It reads every company.

    Example: sodate company list --leads 2
    """
    with explained():
        target(stage)
        found = ranked_companies(leads)[:limit]
    if as_json:
        output.show_json([{**_document(company), "score": asdict(score)} for company, score in found])
        return
    columns = ("company", "name", "domains", "leads", "hot", "total", "highest", "best rank")
    rows = [
        (one.id, one.title, one.domains, score.leads, score.hot, score.total, score.highest, score.best_rank)
        for one, score in found
    ]
    output.show_table("Companies", columns, rows, nothing="There is no company yet.")


@app.command()
def show(company: CompanyArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """A company with the score of its leads, its leads and its deals. Of a part of another one, the whole is shown.

    Example: sodate company show 01KAZ3NDEKTSV4RRFFQ69G5FAV
    """
    with explained():
        target(stage)
        found, times = company_overview(company), Times.of_stage()
        profiles = profiles_of(found.leads)
    deals = [document_of(deal) for deal in found.deals]
    document = {**_document(found.company), "parts": list(found.parts), "score": asdict(found.score)}
    if as_json:
        output.show_json({**document, "leads": list(found.leads), "deals": deals})
        return
    output.show_fields("Company", times.fields(document))
    names = [(lead_id, shown_name(profiles[lead_id])) for lead_id in found.leads if lead_id in profiles]
    output.show_table("Leads", ("lead", "who"), names, nothing="No lead belongs to it.")
    rows = [(one["deal"], one["stage"], one["money"], times.shown(one["opened"]), one["owner"]) for one in deals]
    output.show_table("Deals", ("deal", "stage", "amount", times.column("opened"), "owner"), rows, nothing="No deal.")


@app.command()
def add(
    values: ValuesArgument = None,
    domain: DomainOption = None,
    external: ExternalOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a company that no lead has made by its address.

    Example: sodate company add name=例示株式会社 --domain example.co.jp --external crm:C-1
    """
    with explained():
        where = target(stage)
        made = create(_description(values, domain, external), now(where), new_id)
    output.show_done(_document(made), f"{made.id}: {made.title}", as_json=as_json)


@app.command("set")
def set_company(
    company: CompanyArgument,
    values: ValuesArgument = None,
    domain: DomainOption = None,
    external: ExternalOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Describe a company: name, industry, region, employees, further domains, ids in other systems.

    Example: sodate company set 01KAZ3NDEKTSV4RRFFQ69G5FAV employees=1200 industry=製造業
    """
    with explained():
        target(stage)
        after, has_changed = describe(company, _description(values, domain, external))
    output.show_done(_document(after), f"{after.title}: {'changed' if has_changed else 'unchanged'}", as_json=as_json)


@app.command("import")
def import_companies(
    file: Annotated[str, typer.Argument(help="A CSV file, or s3://bucket/key.", show_default=False)],
    mapping: Annotated[Path | None, typer.Option("--mapping", help="mapping.yaml: which column becomes what.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="The system that the ids are of: crm.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write; without it, only say what would happen.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Companies from a CSV file, by their ids or domains: the same file again changes nothing. Exit code 1 with
    refused rows.

    Example: sodate company import accounts.csv --source crm --apply
    """
    with explained():
        known = mapping_from(mapping, CompanyMapping) if mapping else None
        source_file, where = opened(file), target(stage)
        source_rows = records_of(source_file.at, known.delimiter if known else None)
        refused = RefusedRows(source_file.beside)
        intake = CompanyIntake(source or (known.source if known else None), now(where), new_id, apply)
        reader = MappedCompanies(known)
        counts = CompanyFile(reader, intake, lambda trouble: refused.add([trouble])).run(source_rows.records)
    passed_over = list(reader.passed_over)
    document = {
        "applied": apply, "encoding": source_rows.encoding, **asdict(counts), "passed_over": passed_over,
        "listed_in": refused.name,
    }  # fmt: skip
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("Imported" if apply else "What would happen; --apply writes it", document)
    raise typer.Exit(output.FAILED if counts.refused else output.OK)


@app.command("merge")
def merge_companies(
    into: CompanyArgument,
    part: Annotated[str, typer.Argument(help="Id of the company that becomes a part of it.", show_default=False)],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make one company a part of another: its leads and deals count there. `sodate company unmerge` undoes it.

    Example: sodate company merge 01KAZ3NDEKTSV4RRFFQ69G5FAV 01KB0000000000000000000000
    """
    with explained():
        where = target(stage)
        after = merge(into, part, person(where), now(where))
    output.show_done(
        _document(after), Message("{part} is a part of {title}", part=part, title=after.title), as_json=as_json
    )


@app.command("unmerge")
def unmerge_company(company: CompanyArgument, stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Make a part a company of its own again. For one that is it already, nothing changes.

    Example: sodate company unmerge 01KB0000000000000000000000
    """
    with explained():
        where = target(stage)
        after, has_changed = unmerge(company, person(where), now(where))
    said = (
        Message("{title} is a company of its own", title=after.title)
        if has_changed
        else Message("already undone: {title} is a company of its own", title=after.title)
    )
    output.show_done({**_document(after), "changed": has_changed}, said, as_json=as_json)


@app.command("put")
def put_lead(
    company: CompanyArgument, email: EmailArgument, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Say to which company a lead belongs, e.g. one with a free mail address. No address overrules it.

    Example: sodate company put 01KAZ3NDEKTSV4RRFFQ69G5FAV taro@gmail.com
    """
    with explained():
        where = target(stage)
        has_changed = put_into(find_lead(email, where), company, now(where))
    document = {"company": company, "changed": has_changed}
    output.show_done(document, "changed" if has_changed else "unchanged", as_json=as_json)


@app.command()
def assign(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Put every lead into the company of its address, and copy what is known of the company to it: for leads from
    before companies, and after a command that was cut off. It reads the whole table.

    Example: sodate company assign
    """
    with explained():
        where = target(stage)
        at, joined, leads = now(where), 0, 0
        for profile, beside in every_lead(StateItem):
            if _is_merged(profile.lead_id, beside.get(StateItem)):
                continue
            leads += 1
            join_by_address(profile, at, new_id)
            if company_of(profile.lead_id) is not None:
                joined += 1
                copy_to_lead(profile.lead_id)
    document = {"leads": leads, "in_a_company": joined}
    output.show_done(
        document,
        Message("{joined:,} of {leads:,} leads belong to a company", joined=joined, leads=leads),
        as_json=as_json,
    )


def _is_merged(lead_id: str, state: TableItem | None) -> bool:
    """Only a blocked lead can be: of others nothing is read."""
    is_blocked = isinstance(state, StateItem) and state.blocked is not None
    return is_blocked and lead_that_stays(find_state(lead_id)) is not None


def _description(values: list[str] | None, domains: list[str] | None, external: list[str] | None) -> Description:
    pairs = [one.partition(":") for one in external or ()]
    if any(not separator for _, separator, _ in pairs):
        raise Invalid(Message("--external: write it as source:id, e.g. crm:C-1"))
    attributes = dict(pair(text) for text in values or ())
    return Description(attributes, domains or (), [(source, one) for source, _, one in pairs])


def _document(company: Company) -> dict[str, Any]:
    return {
        "company": company.id,
        "name": company.name,
        "domains": list(company.domains),
        "industry": company.industry,
        "region": company.region,
        "employees": company.employees,
        "external": dict(company.external),
        "created": company.created,
        "merged_into": company.merged_into,
        "parts": list(company.absorbed),
    }
