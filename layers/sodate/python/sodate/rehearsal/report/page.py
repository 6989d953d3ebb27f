"""A rehearsal as one HTML page that needs nothing else: no script, no font, no file of the network. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sodate.rehearsal.report import tables
from sodate.rehearsal.report.catalogs import Catalog, catalog
from sodate.rehearsal.report.charts import Chart, stacked_bars
from sodate.rehearsal.report.graph import graph
from sodate.rehearsal.report.headline import Headline, headline
from sodate.rehearsal.report.markup import table
from sodate.rehearsal.report.phrases import ended, finding
from sodate.web.report_markup import STYLE, items, paragraph, scroller, section

Document = Mapping[str, Any]
#: The browser loads and runs nothing, whatever the page says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(document: Document, language: str = "ja") -> str:
    """Raises: `ValueError` for a language that has no catalog."""
    words, style = catalog(language), STYLE + Path(__file__).with_name("graph.css").read_text(encoding="utf-8")
    head = headline(document, words)
    content = [
        _head(head),
        _look_at(document, words),
        _contents(document, words),
        section("emails", words.text("page", "emails"), *_emails(document, words)),
        section("scenarios", words.text("page", "scenarios"), *_scenarios(document, words)),
        section("sales", words.text("page", "sales"), *_sales(document, words)),
        section("people", words.text("page", "people"), *_people(document, words)),
        section("assumptions", words.text("page", "assumptions"), *_assumptions(document, words)),
    ]
    return str(
        Markup(
            '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
            '<meta http-equiv="content-security-policy" content="{}">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><style>{}</style></head>'
            "<body><main>{}</main></body></html>\n"
        ).format(words.language, head.title, _POLICY, Markup(style), Markup("\n").join(content))  # noqa: S704
    )


def _head(head: Headline) -> Markup:
    figures = [Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(text, figure) for figure, text in head.figures]
    return Markup("<header><h1>{}</h1>{}<dl>{}</dl></header>").format(
        head.title, paragraph(head.people, "soft"), Markup("").join(figures)
    )


def _look_at(document: Document, words: Catalog) -> Markup:
    lines = [finding(words, one) for one in document["look_at"]]
    content = items(lines) if lines else paragraph(words.text("page", "nothing_to_look_at"))
    return Markup('<div class="look">{}</div>').format(
        Markup("<h2>{}</h2>{}").format(words.text("page", "look_at"), content)
        + paragraph(words.text("page", "assumed"))
    )


def _contents(document: Document, words: Catalog) -> Markup:
    names = [(name, words.text("page", name)) for name in ("emails", "scenarios", "sales", "people", "assumptions")]
    names[2:2] = [(f"scenario-{name}", one["title"] or name) for name, one in document["scenarios"].items()]
    links = [Markup('<li><a href="#{}">{}</a></li>').format(target, text) for target, text in names]
    return Markup('<nav aria-label="{}"><ul>{}</ul></nav>').format(
        words.text("page", "contents"), Markup("").join(links)
    )


def _emails(document: Document, words: Catalog) -> list[Markup]:
    emails = document["emails"]
    if not emails["all"]:
        return [paragraph(words.text("page", "no_emails")), table(tables.not_sent(document, words))]
    return [
        _chart("per_day", "day", emails["by_day"], words),
        _chart("per_hour", "hour", emails["by_hour"], words),
        table(tables.emails(document, words)),
        table(tables.not_sent(document, words)),
        table(tables.answers(document, words)),
        table(tables.experiments(document, words)),
    ]


def _chart(title: str, head: str, stacks: Mapping[str, Mapping[str, int]], words: Catalog) -> Markup:
    chart = Chart(
        words.text("page", title),
        words.text("page", "hour_by_hour" if head == "hour" else "day_by_day"),
        words.text("column", head),
        words.text("page", "others"),
        words.text("page", "sum"),
        stacks,
    )
    return stacked_bars(chart)


def _scenarios(document: Document, words: Catalog) -> list[Markup]:
    return [
        table(tables.scenarios(document, words)),
        table(tables.goals(document, words)),
        paragraph(words.text("page", "legend_graph"), "soft"),
        *(_scenario(name, one, words) for name, one in document["scenarios"].items()),
    ]


def _scenario(name: str, scenario: Mapping[str, Any], words: Catalog) -> Markup:
    entered = [(words.text("column", key), scenario[key]) for key in ("entered", "inside")]
    counts = " · ".join([*(f"{text} {count:,}" for text, count in entered), ended(words, scenario["ended"])])
    drawn = graph(name, scenario, words)
    label = words.text("page", "graph_of", scenario=name)
    return Markup('<h3 id="scenario-{}">{} <small>{}</small></h3>{}{}{}').format(
        name,
        scenario["title"] or name,
        name if scenario["title"] else "",
        paragraph(counts.strip(" ·") if scenario["entered"] else words.text("page", "nobody_entered")),
        scroller(words.text("page", "scroll", title=label), drawn),
        table(tables.steps(scenario, words)),
    )


def _sales(document: Document, words: Catalog) -> list[Markup]:
    sales = document["sales"]
    charts = [
        _chart(f"{kind}_per_day", "day", _per_day(document, sales[kind]), words)
        for kind in ("signals", "calls")
        if any(sales[kind].values())
    ]
    if not charts:
        return [paragraph(words.text("page", "no_sales"))]
    return [*charts, table(tables.sales(document, words)), table(tables.sales_answers(document, words))]


def _per_day(document: Document, by_owner: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Every day of the rehearsal, and later days on which a call is due."""
    later = sorted({day for days in by_owner.values() for day in days} - document["emails"]["by_day"].keys())
    days = [*document["emails"]["by_day"], *later]
    return {day: {owner: by[day] for owner, by in by_owner.items() if day in by} for day in days}


def _people(document: Document, words: Catalog) -> list[Markup]:
    return [table(tables.together(document, words)), table(tables.opt_outs(document, words))]


def _assumptions(document: Document, words: Catalog) -> list[Markup]:
    return [paragraph(words.text("page", "assumed")), table(tables.assumptions(document, words))]
