"""Reports that are made of counters only: their cost does not depend on how many leads there are.

A scope and period cost one query; a report reads as many scopes as the playbook has templates, forms or campaigns.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import assert_never

from sodate.email.report_schedule import EmailedKind
from sodate.kpis import read as kpis
from sodate.kpis.catalog_email import EMAIL
from sodate.kpis.catalog_funnel import FUNNEL
from sodate.kpis.catalog_money import MONEY
from sodate.kpis.catalog_web import VISITORS, WEB
from sodate.kpis.contribution import scope
from sodate.kpis.email_counts import ALL
from sodate.kpis.period import Period as Days
from sodate.kpis.period import period_around
from sodate.kpis.scope_figures import ScopeFigures, read_scope
from sodate.kpis.scopes import has_counter
from sodate.playbook.store import Definitions
from sodate.reports.acquisition import STAGES, AcquisitionRow, acquisition_report
from sodate.reports.document import Report
from sodate.reports.frame import Frame, count, definition_of
from sodate.reports.funnel import FunnelRow, funnel_report
from sodate.reports.funnel_values import stages_in
from sodate.reports.kpi import DaySeries, KpiGroup, KpiRow, kpi_report
from sodate.reports.kpi_values import group_of, whole
from sodate.reports.template import EmailFigures, EmailRow, TemplateFigures, template_report
from sodate.reports.titles import titles_of

_MONTHS = 12
_CATALOGS = {"email": EMAIL, "web": WEB, "funnel": FUNNEL, "money": MONEY}
#: Counters in the chart by day, and their group.
_SERIES = {"email_sent": "email", "email_opened": "email", "email_clicked": "email", "reached_lead": "funnel"}


def build_from_counters(definitions: Definitions, kind: EmailedKind, frame: Frame) -> Report:
    match kind:
        case EmailedKind.KPI:
            return build_kpi(definitions, frame)
        case EmailedKind.FUNNEL:
            return build_funnel(definitions, frame)
        case EmailedKind.TEMPLATE:
            return build_templates(definitions, frame)
        case EmailedKind.ACQUISITION:
            return build_acquisition(definitions, frame)
        case _:
            assert_never(kind)


def build_kpi(definitions: Definitions, frame: Frame, *, money: bool = False) -> Report:
    """`frame.subject`: a scope, such as `template:welcome`; empty: all. `money`: with costs and revenue.

    Of a campaign, and with money, the leads of campaigns are read too (`read_scope`).
    """
    days, words = days_of(frame), frame.words
    scoped = read_scope(definitions, frame.subject or ALL, days, frame.period.time_zone, frame.as_of, money)
    figures, shown = scoped.figures, _groups_of(scoped)
    groups = [
        KpiGroup(
            name,
            words.text("block", f"kpi_{name}"),
            [*_visitors(name, frame), *group_of(catalog, scoped, words.language)],
        )
        for name, catalog in _CATALOGS.items()
        if name in shown
    ]
    series = [name for name, group in _SERIES.items() if group in shown and has_counter(figures.scope, name)]
    names = [(name, words.text("figure", name)) for name in series]
    by_day = [(day, [whole(figures.days.get(day, {}).get(name, 0)) for name in series]) for day in days]
    return kpi_report(groups, DaySeries(names, by_day), frame)


def _visitors(group: str, frame: Frame) -> Iterator[KpiRow]:
    """Of the site: their sketches are no counters."""
    if group == "web":
        scope_, days, language = frame.subject or ALL, days_of(frame), frame.words.language
        now, before = (count(kpis.visitors(scope_, one)) for one in (days, days.before()))
        definition = definition_of(VISITORS, language)
        yield KpiRow(VISITORS.name, VISITORS.label(language), now, previous=before, definition=definition)


def _groups_of(scoped: ScopeFigures) -> set[str]:
    """Without groups of which the scope counts nothing: a form sends no emails, and a template has no leads."""
    figures, shown = scoped.figures, {"money"} if scoped.money is not None else set[str]()
    shown |= {name for name in ("email", "funnel") if any(figures.has(kpi) for kpi in _CATALOGS[name])}
    return shown | ({"web"} if figures.counts.get("sessions") else set())


def build_funnel(definitions: Definitions, frame: Frame) -> Report:
    """Of the leads that came in the period, and by form; as narrow as an email on a phone."""
    days = days_of(frame)
    whole = stages_in(kpis.funnel(ALL, days), kpis.visitors(ALL, days))
    return funnel_report(whole, list(form_rows(definitions, days)), frame, drops=False)


def form_rows(definitions: Definitions, days: Days) -> Iterator[FunnelRow]:
    """Of the live forms that leads of the period came by. Visitors of a form are those that posted it: no stage."""
    for name, title in titles_of(definitions, "form"):
        stages = kpis.funnel(scope("form", name), days)
        if stages[0].reached:
            yield FunnelRow("form", title, stages_in(stages, None))


def build_templates(definitions: Definitions, frame: Frame) -> Report:
    """Every live template that was sent in the period."""
    rows = [
        EmailRow(name, email_counts([scope("template", name)], days_of(frame)))
        for name, _ in titles_of(definitions, "template")
    ]
    return template_report(TemplateFigures("template", [row for row in rows if row.figures.sent]), frame)


def build_acquisition(_: Definitions, frame: Frame) -> Report:
    """The twelve months up to the end of the period."""
    months = [period_around("month", frame.period.last)]
    while len(months) < _MONTHS:
        months.append(period_around("month", months[-1].first - timedelta(days=1)))
    found = kpis.funnel_by_month(frame.subject or ALL, months[::-1])
    rows = []
    for month, stages in found.items():
        reached = {one.stage: one.reached for one in stages}
        rows.append(
            AcquisitionRow(f"{month.first:%Y-%m}", reached["lead"], {stage: reached[stage] for stage in STAGES})
        )
    return acquisition_report(rows, frame)


def email_counts(scopes: Iterable[str], days: Days) -> EmailFigures:
    """Of these scopes together, of which no email is in two."""
    counts = kpis.added(kpis.counts_of(one, days) for one in scopes)
    number: Callable[[str], int] = lambda name: whole(counts.get(f"email_{name}", 0))  # noqa: E731
    return EmailFigures(
        sent=number("sent"),
        delivered=number("delivered"),
        opened=number("opened"),
        clicked=number("clicked"),
        bounced=number("hard_bounced"),
        complained=number("complained"),
        unsubscribed=number("unsubscribed"),
        opened_by_robots=number("machine_opened"),
        clicked_by_robots=number("machine_clicked"),
    )


def days_of(frame: Frame) -> Days:
    """Raises: `Invalid` for a period that is longer than counters are read at once."""
    return Days(frame.period.first, frame.period.last)
