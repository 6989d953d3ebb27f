"""`sodate deal …`: deals (商談) with their stages, amounts and history."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sodate.deals.deal import Deal
from sodate.deals.definition import Deals
from sodate.deals.record import link_reference
from sodate.deals.store import load_deal, open_deal_ids
from sodate.errors import Invalid, NotFound
from sodate.intake.bytes import records_of
from sodate.intake.deal_entry import read_deal
from sodate.intake.deal_file import DealFile
from sodate.intake.deals import DealIntake
from sodate.intake.leads import LeadFinder
from sodate.intake.mapping import DealMapping, MappedDeals
from sodate.messages import Message
from sodate.money import Money, sums
from sodate.playbook.store import Definitions, parsed
from sodate.sales.definition import Sales

from sodate_cli import output
from sodate_cli.imports.files import opened
from sodate_cli.intake.activities import new_id
from sodate_cli.intake.files import RefusedRows, mapping_from
from sodate_cli.labels import Labels
from sodate_cli.operator import StageOption, explained, now, person, secret, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Deals (商談): stage, amount, contacts, and what was known when.", no_args_is_help=True)
DealArgument = Annotated[
    str, typer.Argument(help="Id of the deal, as `sodate deal list` shows it.", show_default=False)
]


def live_deals() -> Deals:
    """Raises: `DefinitionUnreadable`."""
    try:
        return parsed(Definitions().live("sales"), Sales).deals
    except NotFound:
        return Deals()  # a playbook without sales.yaml has the usual stages


@app.command("import")
def import_deals(
    file: Annotated[str, typer.Argument(help="A CSV file, or s3://bucket/key.", show_default=False)],
    mapping: Annotated[Path, typer.Option("--mapping", help="mapping.yaml: which column becomes what.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deals from a CRM's CSV file, by its ids: the same file again changes nothing. Exit code 1 with refused rows.

    Example: sodate deal import opportunities.csv --mapping crm-deals.yaml --dry-run
    """
    with explained():
        known, source_file = mapping_from(mapping, DealMapping), opened(file)
        where = target(stage)
        at, finder = now(where), LeadFinder(secret(where, "address-key")["key"].encode())
        found, refused = records_of(source_file.at, known.delimiter), RefusedRows(source_file.beside)
        intake = DealIntake(known.source, "csv", live_deals(), finder, at, new_id, dry_run)
        reader = MappedDeals(known, Times.of_stage().zone, at)
        run = DealFile(reader, intake, lambda trouble: refused.add([trouble]), person(where))
        counts = run.run(found.records)
    document = {"dry_run": dry_run, "encoding": found.encoding, **asdict(counts), "listed_in": refused.name}
    if as_json:
        output.show_json(document)
    else:
        output.show_fields("What would happen" if dry_run else "Imported", document)
    raise typer.Exit(output.FAILED if counts.refused else output.OK)


@app.command("list")
def list_deals(
    owner: Annotated[str | None, typer.Option("--owner", help="Id of an owner in sales.yaml.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open deals with their forecast. Amounts of two currencies stand apart; with rates in sales.yaml, also their sum
    in the base currency, by the rates of today.

    Example: sodate deal list --owner sato
    """
    with explained():
        where = target(stage)
        deals = [deal for deal in map(load_deal, open_deal_ids()) if owner in (None, deal.owner)]
        times, rules, day = Times.of_stage(), live_deals(), now(where).astimezone(Times.of_stage().zone).date()
    deals.sort(key=lambda deal: (deal.expected_close is None, deal.expected_close, deal.opened_at, deal.id))
    amounts = [deal.money for deal in deals if deal.money is not None]
    forecasts = [deal.forecast for deal in deals if deal.forecast is not None]
    totals = {
        "amount": [str(one) for one in sums(amounts)],
        "forecast": [str(one) for one in sums(forecasts)],
        **_in_base(amounts, forecasts, rules, day),
    }
    if as_json:
        output.show_json({"deals": [document_of(deal) for deal in deals], **totals})
        return
    labels = Labels.of_stage()
    columns = ("deal", "stage", "amount", "forecast", "expected close", "owner", "company", times.column("opened"))
    rows = [
        (
            deal.id, labels.named("deal_stage", deal.stage), deal.money or "", deal.forecast or "",
            deal.expected_close or "", labels.named("owner", deal.owner) if deal.owner else "",
            deal.company, times.shown(deal.opened_at),
        )
        for deal in deals
    ]  # fmt: skip
    output.show_table("Open deals", columns, rows, nothing="No deal is open.")
    if rows:
        output.show_fields("In all", totals)


def _in_base(amounts: list[Money], forecasts: list[Money], rules: Deals, day: date) -> dict[str, Any]:
    """The sums in the base currency with the rates that made them; nothing where there is nothing to convert."""
    if {one.currency for one in amounts} <= {rules.base_currency}:
        return {}
    sum_, forecast = rules.total_in_base(amounts, day), rules.total_in_base(forecasts, day)
    if sum_ is None or forecast is None:
        return {f"in_{rules.base_currency}": None, "rates": []}
    rates = [f"{one.currency} {one.rate} from {one.from_}" for one in sum_[1]]
    return {f"in_{rules.base_currency}": {"amount": str(sum_[0]), "forecast": str(forecast[0])}, "rates": rates}


@app.command()
def show(
    deal: DealArgument,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As a report of this time showed it: 2026-12-31T23:59.")
    ] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """A deal with its contacts and its history: when each change was so, and when it was recorded.

    Example: sodate deal show 01KAZ3NDEKTSV4RRFFQ69G5FAV --as-of 2026-12-31T23:59
    """
    with explained():
        target(stage)
        times = Times.of_stage()
        found: Deal | None = load_deal(deal)
        if as_of is not None and found is not None:
            found = found.as_of(times.parsed(as_of, "--as-of"))
        if found is None:
            raise NotFound(Message("the deal was not known on {as_of}; give a later --as-of", as_of=as_of))
    if as_json:
        output.show_json(document_of(found, with_history=True))
        return
    labels = Labels.of_stage()
    document = document_of(found) | {"stage": labels.named("deal_stage", found.stage)}
    output.show_fields("Deal", times.fields(document))
    columns = (times.column("effective"), times.column("recorded"), "source", "by", "stage", "amount", "reason")
    rows = [
        (
            times.shown(one.effective_at), times.shown(one.recorded_at), one.source, one.by,
            labels.named("deal_stage", one.stage.id) if one.stage else "", one.money or "", one.reason,
        )
        for one in found.history
    ]  # fmt: skip
    output.show_table("History", columns, rows)


@app.command("set")
def set_deal(
    deal: Annotated[str, typer.Argument(help="source:id, e.g. crm:A-1; a new id opens a deal.", show_default=False)],
    values: Annotated[
        list[str], typer.Argument(help="stage=won amount=1200000 currency=JPY expected_close=2027-03-31 …")
    ],
    contact: Annotated[
        list[str] | None, typer.Option("--contact", help="Address or lead id, with a role: taro@example.jp=user.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Since when it is so; default: now.")] = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a deal by hand, or say what has changed. The same again changes nothing.

    Example: sodate deal set crm:A-1 stage=proposal amount=1200000 currency=JPY --contact taro@example.jp=user
    """
    with explained():
        source, separator, external_id = deal.partition(":")
        if not separator:
            raise Invalid(Message("{text!r}: write it as source:id, e.g. crm:A-1", text=deal))
        where = target(stage)
        raw: dict[str, Any] = {"id": external_id, **dict(pair(text) for text in values)}
        if contact:
            raw["contacts"] = [dict(zip(("lead", "role"), split_role(one), strict=True)) for one in contact]
        if at is not None:
            raw["at"] = Times.of_stage().parsed(at, "--at").isoformat(sep=" ", timespec="seconds")
        finder = LeadFinder(secret(where, "address-key")["key"].encode())
        intake = DealIntake(source, "cli", live_deals(), finder, now(where), new_id)
        result = intake.record(read_deal(raw, Times.of_stage().zone), person(where))
    output.show_done(
        {"deal": result.deal_id, "status": result.status}, f"{result.deal_id}: {result.status}", as_json=as_json
    )


@app.command()
def link(
    deal: DealArgument,
    external: Annotated[str, typer.Argument(help="source:id of the same deal in another system.", show_default=False)],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a deal of another system is this one, e.g. one that feedback opened before the CRM knew it.

    Example: sodate deal link 01KAZ3NDEKTSV4RRFFQ69G5FAV crm:A-1
    """
    with explained():
        target(stage)
        source, _, external_id = external.partition(":")
        if not source or not external_id:
            raise Invalid(Message("{text!r}: write it as source:id, e.g. crm:A-1", text=external))
        is_new = link_reference(deal, source, external_id)
    sentence = f"{external} leads to deal {deal}" + ("" if is_new else "; it did before")
    output.show_done({"deal": deal, "external": external, "linked": is_new}, sentence, as_json=as_json)


def document_of(deal: Deal, *, with_history: bool = False) -> dict[str, Any]:
    document = {
        "deal": deal.id,
        "stage": deal.stage,
        "status": deal.status.value,
        "amount": deal.amount,
        "currency": deal.currency,
        "money": str(deal.money) if deal.money else None,
        "forecast": str(deal.forecast) if deal.forecast else None,
        "opened": deal.opened_at.isoformat(),
        "closed": deal.closed_at.isoformat() if deal.closed_at else None,
        "expected_close": str(deal.expected_close) if deal.expected_close else None,
        "owner": deal.owner,
        "company": deal.company,
        "reason": deal.reason,
        "contacts": [{"lead": one.lead_id, "role": one.role, "since": one.since.isoformat()} for one in deal.contacts],
    }
    return {**document, "history": [asdict(one) for one in deal.history]} if with_history else document


def pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise Invalid(Message("{text!r}: write it as name=value", text=text))
    return name, value


def split_role(text: str) -> tuple[str, str]:
    lead, _, role = text.partition("=")
    return lead, role
