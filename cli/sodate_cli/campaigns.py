"""`sodate campaign …`: campaigns (施策), their members, what they cost and what they brought."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from sodate.campaigns import store
from sodate.campaigns.ad_cost import known_costs
from sodate.campaigns.attribution_rules import AttributionModel
from sodate.campaigns.figures import Results
from sodate.campaigns.gather import Wanted, contacts_of_period, gather
from sodate.campaigns.live import campaigns_at, must_be_known
from sodate.campaigns.member import RANK, MemberStatus
from sodate.campaigns.refresh import refresh as refresh_members
from sodate.campaigns.results import results
from sodate.campaigns.spend import ads_of
from sodate.deals.store import every_deal_of
from sodate.errors import Invalid
from sodate.kpis.period import end_of
from sodate.leads.store import profiles_of
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.queries.campaign_members import campaign_members

from sodate_cli import output
from sodate_cli.campaign_conversions import app as conversions_app
from sodate_cli.campaign_costs import app as cost_app
from sodate_cli.campaign_figures import amounts_in, described, figure, shown
from sodate_cli.labels import with_id
from sodate_cli.leads import shown_name
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="Campaigns (施策): members, costs, attributed revenue, ROI.", no_args_is_help=True)
app.add_typer(cost_app, name="cost")
app.add_typer(conversions_app, name="conversions")
CampaignArgument = Annotated[str, typer.Argument(help="The campaign's `id` in campaigns/.")]
ModelOption = Annotated[
    AttributionModel | None, typer.Option("--model", help="How revenue is divided; default: attribution.yaml.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="What was known at the end of this day (2026-10-31); default: now."),
]


@app.command("list")
def list_campaigns(
    model: ModelOption = None, as_of: AsOfOption = None, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """Every campaign with its figures.

    Example: sodate campaign list --as-of 2026-10-31 --model first
    """
    with explained():
        brought = _results(None, model, as_of, stage)
    if as_json:
        output.show_json(described(brought))
        return
    columns = ("campaign", "leads", "MQL", "deals", "revenue", "spend", "CPL", "ROI %")
    rows = [(with_id(one.title, one.id), *shown(one.figures)) for one in brought.campaigns]
    output.show_table(
        Message("Campaigns, {value} touch model", value=brought.model.value),
        columns,
        rows,
        nothing="The playbook has no campaigns.",
    )
    for words, amounts in (("of no campaign", brought.other), ("without a touch", brought.unattributed)):
        if amounts:
            output.say(Message("revenue {words}: {amounts_in}", words=words, amounts_in=amounts_in(amounts)))


@app.command("show")
def show(
    campaign: CampaignArgument,
    model: ModelOption = None,
    as_of: AsOfOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """One campaign, and by keyword of its ads: from the keyword to leads, deals and ROI.

    Example: sodate campaign show autumn-materials --model u
    """
    with explained():
        brought = _results(campaign, model, as_of, stage)
        one = brought.campaign(campaign)
        if one is None:
            raise Invalid(
                Message(
                    "{campaign} was not live then; its definition is younger: give a later --as-of", campaign=campaign
                )
            )
    if as_json:
        document = described(brought)
        only = [entry for entry in document["campaigns"] if entry["id"] == campaign]
        output.show_json(document | {"campaigns": only})
        return
    figures = one.figures
    fields = {
        "title": one.title,
        "members": {status.value: count for status, count in sorted(one.members.items())},
        "impressions": f"{figures.impressions:,}", "clicks": f"{figures.clicks:,}", "CTR %": figure("ctr", figures),
        "leads": figures.leads, "CPL": figure("cpl", figures), "MQL": figures.mqls, "SQL": figures.sqls,
        "conversions": figures.conversions, "CPA": figure("cpa", figures), "deals": figures.deals,
        "revenue": amounts_in(figures.revenue), "spend": amounts_in(figures.spend), "ROI %": figure("roi", figures),
    }  # fmt: skip
    output.show_fields(f"{campaign} ({brought.model.value})", fields)
    columns = ("keyword", "impressions", "clicks", "CTR %", "leads", "deals", "revenue", "spend", "CPL", "ROI %")
    rows = [
        (term or "(none)", part.impressions, part.clicks, figure("ctr", part), part.leads, part.deals,
         amounts_in(part.revenue), amounts_in(part.spend), figure("cpl", part), figure("roi", part))
        for term, part in one.keywords.items()
    ]  # fmt: skip
    output.show_table("By keyword", columns, rows, nothing="No touch and no cost has a keyword.")


@app.command("members")
def members(
    campaign: CampaignArgument,
    status: Annotated[MemberStatus | None, typer.Option("--status", help="Only members with this status.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 100,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who belongs to a campaign: targeted, responded, converted, and since when.

    Example: sodate campaign members autumn-materials --status converted
    """
    with explained():
        target(stage)
        must_be_known(Definitions(), campaign)
        members = [one for one in campaign_members(campaign) if status in (None, one.membership.status)]
        members.sort(key=lambda one: (-RANK[one.membership.status], one.membership.since, one.lead_id))
        shown = members[:limit]
        profiles, times = profiles_of(one.lead_id for one in shown), Times.of_stage()
    documents = [
        {
            "lead": one.lead_id,
            "email": profiles[one.lead_id].address if one.lead_id in profiles else None,
            "status": one.membership.status.value,
            "since": datetime.fromtimestamp(one.membership.since * 60, UTC).isoformat(),
        }
        for one in shown
    ]
    if as_json:
        counts = Counter(one.membership.status.value for one in members)
        output.show_json({"members": documents, "counts": dict(counts), "all": len(members)})
        return
    rows = [
        (
            shown_name(profiles[one.lead_id]) if one.lead_id in profiles else "(erased)",
            document["status"],
            times.shown(document["since"]),
        )
        for one, document in zip(shown, documents, strict=True)
    ]
    columns = ("address", "status", times.column("since"))
    output.show_table(
        Message("Members of {campaign}", campaign=campaign),
        columns,
        rows,
        nothing=Message("Nobody is a member of {campaign}.", campaign=campaign),
    )
    if len(members) > limit:
        output.say(
            Message("{more_count} more: --limit {all_count}", more_count=len(members) - limit, all_count=len(members))
        )


@app.command("costs")
def costs(
    campaign: CampaignArgument, as_of: AsOfOption = None, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """The cost lines of a campaign, and its imported ad cost by ad campaign.

    Example: sodate campaign costs autumn-materials
    """
    with explained():
        where = target(stage)
        definitions = Definitions()
        must_be_known(definitions, campaign)
        moment = _moment(as_of, now(where), Times.of_stage())
        live = next((one for one in campaigns_at(definitions, moment) if one.id == campaign), None)
        if live is None:
            raise Invalid(
                Message(
                    "{campaign} was not live then; its definition is younger: give a later --as-of", campaign=campaign
                )
            )
        own = live.campaign
        platforms = {line.ad_cost.platform for line in own.costs if line.ad_cost is not None}
        stored = [one for name in sorted(platforms) for one in store.ad_costs(name, own.from_, own.until)]
        ads = ads_of(own, known_costs(stored, moment))
    lines = [
        {name: value for name, value in line.model_dump(mode="json", by_alias=True).items() if value not in (None, "")}
        for line in own.costs
    ]
    groups: dict[tuple[str, str, str], list[int]] = {}
    for one in ads:
        sums = groups.setdefault((one.platform, one.campaign, one.currency), [0, 0, 0])
        for index, value in enumerate((one.impressions, one.clicks, one.cost_micros)):
            sums[index] += value
    imported = [
        {"platform": key[0], "campaign": key[1], "currency": key[2], "impressions": sums[0], "clicks": sums[1],
         "cost": format(Decimal(sums[2]).scaleb(-6).normalize(), "f")}
        for key, sums in sorted(groups.items())
    ]  # fmt: skip
    if as_json:
        output.show_json({"campaign": campaign, "currency": own.currency, "lines": lines, "ad_costs": imported})
        return
    rows = [(line.get("title", ""), {name: value for name, value in line.items() if name != "title"}) for line in lines]
    output.show_table(
        Message("Cost lines of {campaign} ({currency})", campaign=campaign, currency=own.currency),
        ("title", "cost"),
        rows,
    )
    output.show_table(
        "Imported ad cost", tuple(imported[0]) if imported else ("",), [tuple(one.values()) for one in imported]
    )


@app.command("refresh")
def refresh(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Look at the whole log of every lead anew, for activities that are older than a campaign's definition.

    Example: sodate campaign refresh
    """
    with explained():
        target(stage)
        leads, changed = refresh_members(Definitions())
    output.show_done(
        {"leads": leads, "changed": changed},
        Message("{leads} leads; {changed} memberships changed", leads=leads, changed=changed),
        as_json=as_json,
    )


def _results(campaign: str | None, model: AttributionModel | None, as_of: str | None, stage: str | None) -> Results:
    where = target(stage)
    definitions = Definitions()
    if campaign is not None:
        must_be_known(definitions, campaign)
    moment = _moment(as_of, now(where), Times.of_stage())
    if campaign is None:
        wanted = Wanted(moment, also=contacts_of_period(campaigns_at(definitions, moment), moment))
    else:
        wanted = Wanted(moment, {campaign})
    facts = gather(definitions, wanted, every_deal_of)
    try:
        return results(facts, moment, model)
    except ValueError as error:
        raise Invalid(str(error)) from error


def _moment(as_of: str | None, at: datetime, times: Times) -> datetime:
    """The end of the day in the stage's time zone; now includes the minute that has begun. Raises: `Invalid`."""
    if as_of is None:
        return at + timedelta(minutes=1)
    try:
        day = date.fromisoformat(as_of)
    except ValueError as error:
        raise Invalid(Message("--as-of {as_of!r}: write a day, for example 2026-10-31", as_of=as_of[:40])) from error
    return end_of(day, times.name)
