"""A report as one HTML page that needs nothing else. Every text is escaped; the scripts contain no data. Pure.

Every figure stands in a table. The script draws what the tables show, so a page without JavaScript says the same, and
no value can get into a script.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from sodate.reports.blocks_markup import block_markup, definitions_markup
from sodate.reports.document import Report
from sodate.reports.numbers import shown_period, shown_time
from sodate.web.report_markup import STYLE, paragraph
from sodate.web.words import Words

_HERE = Path(__file__).parent
#: The end of a script element, and the beginning of a comment in one.
_ENDS = (("</script", "<\\/script"), ("<!--", "<\\!--"))


@dataclass(frozen=True)
class ChartLibrary:
    """The text of Apache ECharts (`dist/echarts.common.min.js`), with its licence at the top."""

    source: str


def page(report: Report, words: Words, charts: ChartLibrary | None = None) -> str:
    """`charts` None: tables only. Equal reports give equal bytes."""
    return page_of([report], report.title, words, charts)


def page_of(reports: list[Report], title: str, words: Words, charts: ChartLibrary | None = None) -> str:
    """Several reports on one page, with a list of links."""
    scripts = [_inert(charts.source), (_HERE / "charts.js").read_text(encoding="utf-8")] if charts else []
    style = STYLE + (_HERE / "page.css").read_text(encoding="utf-8")
    content = [_contents(reports, words)] if len(reports) > 1 or len(reports[0].blocks) > 3 else []
    content += [_report(report, number, words) for number, report in enumerate(reports)]
    return str(
        Markup(
            '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
            '<meta http-equiv="content-security-policy" content="{}">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="robots" content="noindex"><style>{}</style></head>'
            "<body><main>{}</main>{}</body></html>\n"
        ).format(
            words.language,
            title,
            _policy(scripts),
            Markup(style),  # noqa: S704  our own file
            Markup("\n").join(content),
            Markup("").join(Markup("<script>{}</script>").format(Markup(one)) for one in scripts),  # noqa: S704
        )
    )


def _policy(scripts: list[str]) -> str:
    """The browser runs these scripts only, and loads nothing."""
    hashes = [f"'sha256-{base64.b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts]
    allowed = f"; script-src {' '.join(hashes)}" if hashes else ""
    return f"default-src 'none'; style-src 'unsafe-inline'{allowed}"


def _inert(source: str) -> str:
    for end, instead in _ENDS:
        source = source.replace(end, instead)
    return source


def _contents(reports: list[Report], words: Words) -> Markup:
    blocks = len(reports) == 1
    links = [
        (f"b{number}-{place}" if blocks else f"r{number}", one.title if blocks else report.title)
        for number, report in enumerate(reports)
        for place, one in enumerate(report.blocks)
        if blocks or place == 0
    ]
    listed = [Markup('<li><a href="#{}">{}</a></li>').format(target, text) for target, text in links]
    return Markup('<nav aria-label="{}"><ul>{}</ul></nav>').format(
        words.text("page", "contents"), Markup("").join(listed)
    )


def _report(report: Report, number: int, words: Words) -> Markup:
    zone = report.period.time_zone
    made = f"{words.text('page', 'as_of')} {shown_time(report.as_of, zone, words)} ({zone})"
    head = Markup('<header id="r{}"><h1>{}</h1>{}{}{}</header>').format(
        number,
        report.title,
        paragraph(shown_period(report.period, words), "period"),
        paragraph(made, "soft"),
        Markup("").join(paragraph(note) for note in report.notes),
    )
    meanings = {one.term: one for one in report.definitions}
    blocks = [block_markup(block, f"b{number}-{place}", meanings, words) for place, block in enumerate(report.blocks)]
    return Markup("<article>{}{}{}</article>").format(
        head, Markup("").join(blocks), definitions_markup(report.definitions, words)
    )
