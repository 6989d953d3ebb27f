"""`sodate report …`: one command per kind of report. Each prints tables, CSV or JSON, or writes an HTML page."""

from collections.abc import Callable
from typing import Annotated

import typer
from sodate.campaigns.attribution_rules import AttributionModel
from sodate.playbook.store import Definitions
from sodate.queries.template_results import conversion_of
from sodate.reports.build import (
    build_campaigns,
    build_experiments,
    build_kpi_with_money,
    build_persona_map,
    build_sales,
    build_scenarios,
    build_segments,
    build_template,
    frame_of,
)
from sodate.reports.build_funnel import FunnelWanted, build_funnel
from sodate.reports.document import Report
from sodate.reports.frame import Frame
from sodate.reports.from_counters import build_acquisition, build_kpi, build_templates
from sodate.reports.funnel_fold import Dimension
from sodate.reports.period import Wanted

from sodate_cli.operator import explained, now, target
from sodate_cli.reports.emails import deliveries, send
from sodate_cli.reports.options import (
    Ask,
    CampaignOption,
    CsvOption,
    FromOption,
    HtmlOption,
    JsonOption,
    LanguageOption,
    MonthOption,
    OwnerOption,
    QuarterOption,
    SegmentOption,
    SourceOption,
    StageOption,
    ToOption,
    scope_of,
)
from sodate_cli.reports.show import show

app = typer.Typer(
    help="Reports: in the terminal, as CSV or JSON, or as one HTML page with charts.", no_args_is_help=True
)
Build = Callable[[Definitions, Frame], Report]


def run(ask: Ask, build: Build) -> None:
    with explained():
        where = target(ask.check().stage)
        definitions = Definitions()
        frame = frame_of(definitions, ask.wanted, ask.language, now(where), ask.subject)
        report = build(definitions, frame)
        show(report, frame.words, ask)


@app.command()
def segment(
    segment_id: Annotated[str | None, typer.Argument(metavar="[SEGMENT]", help="Only this segment.")] = None,
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Members of the segments now, who entered and left, their phases, and how far they came. Reads every lead.

    Example: sodate report segment --month 2026-11 --html build/segments.html
    """
    ask = Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage, segment_id or "")
    run(ask, build_segments)


@app.command()
def scenario(
    scenario_id: Annotated[str | None, typer.Argument(metavar="[SCENARIO]", help="Only this one, by step.")] = None,
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Enrollments of scenarios and step mail: began, inside, ended and why, goals; of one, by step. Reads every lead.

    Example: sodate report scenario welcome --month 2026-11
    """
    ask = Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage, scenario_id or "")
    run(ask, build_scenarios)


@app.command()
def sales(
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Signals handed over, how soon and how sales answered, by owner, and outcomes of calls. Reads every lead.

    Example: sodate report sales --quarter 2026-Q4 --csv > sales.csv
    """
    run(Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage), build_sales)


@app.command("journey")
def persona_map(
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """The persona and journey map: what the leads of each phase and segment did, read and asked. Reads every lead.

    Example: sodate report journey --html build/journey.html
    """
    run(Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage), build_persona_map)


@app.command()
def experiment(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="broadcast, broadcast/run or scenario/step.")]
    = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Experiments: rates of the variants with intervals, differences, verdicts. Reads each lead that takes part.

    Example: sodate report experiment monthly-news
    """
    run(Ask(Wanted(), language, csv, as_json, html, stage, name or ""), build_experiments)


@app.command()
def template(
    template_id: Annotated[
        str | None, typer.Argument(metavar="[TEMPLATE]", help="Only this one, by version and link. Reads every lead.")
    ] = None,
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    conversion: Annotated[
        str | None, typer.Option("--conversion", help="Of one template: an activity, as conditions have it.")
    ] = None,
    within: Annotated[int, typer.Option("--within", min=1, max=90, help="Days after its email to convert.")] = 30,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """What the emails of all templates brought, from counters; of one, by version and by link. Robots stand apart.

    Example: sodate report template materials-1-first-steps --month 2026-11
    """
    ask = Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage, template_id or "")
    with explained():
        counted = conversion_of(conversion, within)
    if template_id is None:
        run(ask, build_templates)
    else:
        run(ask, lambda definitions, frame: build_template(definitions, frame, counted))


@app.command()
def campaign(
    campaign_id: Annotated[str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this one, by keyword.")] = None,
    last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    model: Annotated[
        AttributionModel | None, typer.Option("--model", help="How revenue is divided; default: attribution.yaml.")
    ] = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Cost, leads, deals, attributed revenue and ROI of campaigns, as known at the end of the last day.

    Example: sodate report campaign autumn-materials --month 2026-11 --model u
    """
    ask = Ask(Wanted(None, last, month, quarter), language, csv, as_json, html, stage, campaign_id or "")
    run(ask, lambda definitions, frame: build_campaigns(definitions, frame, model))


@app.command()
def kpi(
    scope: Annotated[str | None, typer.Argument(metavar="[SCOPE]", help="all, template:ID, campaign:ID, …")] = None,
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    money: Annotated[bool, typer.Option("--money/--no-money", help="Costs and revenue: read their leads.")] = True,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """Every KPI with its interval, target and the robots beside it, and the days. From counters.

    Costs and revenue are of all, or of one campaign: for these, leads of campaigns and deals are read.

    Example: sodate report kpi --month 2026-11 --html build/kpi.html
    """
    ask = Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage, scope or "")
    run(ask, build_kpi_with_money if money else build_kpi)


@app.command()
def funnel(
    scope: Annotated[str | None, typer.Argument(metavar="[SCOPE]", help="all, form:ID, segment:ID, …")] = None,
    campaign_id: CampaignOption = None, segment_id: SegmentOption = None, source: SourceOption = None,
    owner: OwnerOption = None,
    by: Annotated[
        list[Dimension] | None, typer.Option("--by", help="Also divided so (repeat). Reads every lead.")
    ] = None,
    leaving: Annotated[bool, typer.Option("--leaving", help="Also where leads left. Reads every lead.")] = False,
    first: FromOption = None, last: ToOption = None, month: MonthOption = None, quarter: QuarterOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """How far the leads of a period came: visitor, lead, MQL, SQL, deal, won.

    From counters for all, a form or a source; every lead is read for a campaign, segment or owner.

    Example: sodate report funnel --quarter 2026-Q4 --by campaign --by segment --leaving
    """
    with explained():
        chosen = scope_of(scope, campaign=campaign_id, segment=segment_id, source=source, owner=owner)
    ask = Ask(Wanted(first, last, month, quarter), language, csv, as_json, html, stage, chosen)
    run(ask, lambda definitions, frame: build_funnel(definitions, frame, FunnelWanted(tuple(by or ()), leaving)))


@app.command("cohort")
def acquisition(
    scope: Annotated[str | None, typer.Argument(metavar="[SCOPE]", help="all, form:ID, campaign:ID, …")] = None,
    last: ToOption = None,
    language: LanguageOption = None, csv: CsvOption = False, as_json: JsonOption = False, html: HtmlOption = None,
    stage: StageOption = None,
) -> None:  # fmt: skip
    """The leads of each of the last twelve months, and how far they have come until now. From counters.

    Example: sodate report cohort form:request-materials
    """
    run(Ask(Wanted(None, last), language, csv, as_json, html, stage, scope or ""), build_acquisition)


app.command()(send)
app.command()(deliveries)
