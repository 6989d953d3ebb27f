"""Reports that read every lead, for an operator: segments, scenarios, sales, journey; experiments and one template."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from sodate.campaigns.attribution_rules import AttributionModel
from sodate.campaigns.gather import Wanted as WantedCampaigns
from sodate.campaigns.gather import gather
from sodate.campaigns.live import must_be_known
from sodate.campaigns.results import results
from sodate.deals.store import every_deal_of
from sodate.email.mailing import Mailing
from sodate.errors import Invalid, NotFound
from sodate.experiments.experiment import Experiment
from sodate.messages import Message
from sodate.playbook.store import Definitions, parsed
from sodate.queries.count_template_results import Wanted as WantedResults
from sodate.queries.count_template_results import count_template_results
from sodate.queries.experiments import analyses, every, find
from sodate.queries.template_results import Figure as ResultFigure
from sodate.queries.template_results import VersionResults
from sodate.reports import period as periods
from sodate.reports.campaign import campaign_report
from sodate.reports.campaign_values import figures_of, moment_of
from sodate.reports.catalogs import languages, words_in
from sodate.reports.document import Report
from sodate.reports.experiment import experiment_report
from sodate.reports.frame import Frame
from sodate.reports.from_counters import build_kpi, days_of
from sodate.reports.lead_record import span_of
from sodate.reports.log_folds import SalesFold, ScenarioFold, SegmentFold
from sodate.reports.persona_map import Group, PersonaMapFold, persona_map_report
from sodate.reports.read_leads import fold_leads
from sodate.reports.sales import sales_report
from sodate.reports.scenario import ScenarioFigures, StepRow, scenario_report
from sodate.reports.scenario_emails import scenario_emails, step_emails
from sodate.reports.segment import segment_report
from sodate.reports.template import EmailFigures, EmailRow, LinkRow, TemplateFigures, template_report
from sodate.reports.titles import known_segment, segment_titles
from sodate.scenarios.leads_at_steps import leads_at_steps
from sodate.scenarios.programs import live_program, live_programs
from sodate.scoring.rules import RuleSet


def frame_of(
    definitions: Definitions, wanted: periods.Wanted, language: str | None, now: datetime, subject: str = ""
) -> Frame:
    """`language` None: the sender's, or English where no playbook is applied.

    Raises: `Invalid` for a period that is none; `NotFound` for a language without words.
    """
    zone, own = _sender(definitions)
    chosen = language or (own if own in languages() else "en")
    if chosen not in languages():
        raise NotFound(
            Message(
                "reports have no language {chosen!r}; they have {languages}",
                chosen=chosen,
                languages=", ".join(languages()),
            )
        )
    period = periods.chosen(wanted, now.astimezone(ZoneInfo(zone)).date(), zone)
    return Frame(words_in(chosen), period, now, subject)


def _sender(definitions: Definitions) -> tuple[str, str]:
    try:
        sender = parsed(definitions.live("mailing"), Mailing).sender
    except NotFound:
        return "UTC", "en"
    return sender.time_zone, sender.language


def build_segments(definitions: Definitions, frame: Frame) -> Report:
    titles = segment_titles(definitions)
    if frame.subject:
        titles = {frame.subject: known_segment(definitions, frame.subject)}
    fold = fold_leads(span_of(frame.period), SegmentFold)
    return segment_report(fold.rows(titles), _phases(definitions), frame)


def build_scenarios(definitions: Definitions, frame: Frame) -> Report:
    programs = [live_program(definitions, frame.subject)] if frame.subject else list(live_programs(definitions))
    at_steps = leads_at_steps([one.id for one in programs])
    inside: Counter[str] = Counter()
    for (scenario, _, _), number in at_steps.items():
        inside[scenario] += number
    fold = fold_leads(span_of(frame.period), ScenarioFold)
    rows = [fold.row(one.id, one.version, one.status.value, inside[one.id]) for one in programs]
    steps: list[StepRow] = []
    emails = scenario_emails([one.id for one in programs], days_of(frame))
    if frame.subject:
        (live,) = programs
        here = Counter({index: number for (_, version, index), number in at_steps.items() if version == live.version})
        steps = [StepRow(node.id, node.step.kind, here[index]) for index, node in enumerate(live.nodes)]
        emails = step_emails(definitions, live, days_of(frame))
    return scenario_report(ScenarioFigures(rows, steps, emails), frame)


def build_sales(_: Definitions, frame: Frame) -> Report:
    return sales_report(fold_leads(span_of(frame.period), SalesFold).figures(), frame)


def build_persona_map(definitions: Definitions, frame: Frame) -> Report:
    groups = [Group("phase", phase, label) for phase, label in _phases(definitions).items()]
    groups += [Group("segment", segment, title) for segment, title in segment_titles(definitions).items()]
    return persona_map_report(fold_leads(span_of(frame.period), PersonaMapFold), groups, frame)


def build_experiments(definitions: Definitions, frame: Frame) -> Report:
    """Without a subject, of every experiment that is live."""
    known = [find(definitions, frame.subject)] if frame.subject else list(every(definitions))
    return experiment_report([one for each in known for one in analyses(definitions, each, frame.as_of)], frame)


def build_template(definitions: Definitions, frame: Frame, conversion: Experiment) -> Report:
    """One template, by version and by link."""
    span = span_of(frame.period)
    wanted = WantedResults(frame.subject, conversion, span.begin, span.end)
    versions = count_template_results(definitions, wanted, frame.as_of)
    rows = [EmailRow(f"v{version}" if version else "–", email_figures(one)) for version, one in versions.items()]
    links, robots = Counter[str](), Counter[str]()
    for one in versions.values():
        links.update(one.links)
        robots.update(one.links_by_robots)
    names = sorted(links.keys() | robots.keys(), key=lambda name: (-links[name], -robots[name], name))
    clicked = [LinkRow(name, links[name], robots[name]) for name in names]
    return template_report(TemplateFigures("version", rows, clicked), frame)


def email_figures(results: VersionResults) -> EmailFigures:
    people, robots = results.people, results.robots_only
    return EmailFigures(
        sent=people[ResultFigure.SENT],
        delivered=people[ResultFigure.DELIVERED],
        opened=people[ResultFigure.OPENED],
        clicked=people[ResultFigure.CLICKED],
        bounced=people[ResultFigure.BOUNCED],
        complained=people[ResultFigure.COMPLAINED],
        unsubscribed=people[ResultFigure.UNSUBSCRIBED],
        converted=people[ResultFigure.CONVERTED],
        opened_by_robots=robots[ResultFigure.OPENED],
        clicked_by_robots=robots[ResultFigure.CLICKED],
    )


def _phases(definitions: Definitions) -> dict[str, str]:
    try:
        rules = parsed(definitions.live("rules"), RuleSet)
    except NotFound:
        return {}
    return {phase.id: phase.label for phase in rules.phases}


def build_campaigns(definitions: Definitions, frame: Frame, model: AttributionModel | None) -> Report:
    """As of the end of the period's last day: what was known then, however late it is asked. `model` None: the
    playbook's.

    Raises: `NotFound` for an unknown campaign; `Invalid` for the model `own` without weights.
    """
    if frame.subject:
        must_be_known(definitions, frame.subject)
    moment = moment_of(frame.period, frame.as_of)
    facts = gather(definitions, WantedCampaigns(moment, {frame.subject} if frame.subject else None), every_deal_of)
    try:
        found = results(facts, moment, model)
    except ValueError as error:
        raise Invalid(str(error)) from error
    in_words = frame.words.text("model", found.model.value)
    figures = figures_of(found, frame.subject, in_words, frame.text("no_keyword"))
    return campaign_report(figures, frame)


def build_kpi_with_money(definitions: Definitions, frame: Frame) -> Report:
    """With costs and revenue, of all or of one campaign: it reads the leads of campaigns, and deals."""
    return build_kpi(definitions, frame, money=True)
