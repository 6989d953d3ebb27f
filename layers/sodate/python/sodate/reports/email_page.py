"""Reports as an email: HTML of tables with inline styles, which every mail program shows, and the text part. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.reports.as_text import as_text
from sodate.reports.document import Block, Cell, Drawing, Figure, Report
from sodate.reports.numbers import shown, shown_interval, shown_period, shown_time
from sodate.web.words import Words

#: Of one block: an email is read on a phone.
MOST_ROWS = 15
_FONT = "font-family:'Hiragino Sans','Noto Sans CJK JP',Meiryo,sans-serif"
_CELL = "padding:4px 10px 4px 0;border-bottom:1px solid #dfe4e0;vertical-align:top"
_SOFT = "color:#566059"


@dataclass(frozen=True)
class ReportEmail:
    subject: str
    html: str
    text: str


def report_email(reports: Sequence[Report], title: str | None, words: Words) -> ReportEmail:
    """`title`: what the subject begins with; None: the title of the first report."""
    first = reports[0]
    subject = f"{title or first.title} {first.period.first} – {first.period.last}"
    blocks = Markup("").join(_report(report, words) for report in reports)
    html = Markup(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"></head>'
        '<body style="margin:0;padding:16px;background:#ffffff;color:#1b211d;font-size:15px;line-height:1.6;{}">'
        '<div style="max-width:720px;margin:0 auto">{}</div></body></html>\n'
    ).format(words.language, subject, _FONT, blocks)
    text = "\n\n".join(as_text(_without_days(report), words, MOST_ROWS) for report in reports)
    return ReportEmail(subject, str(html), text)


def _report(report: Report, words: Words) -> Markup:
    zone = report.period.time_zone
    head = Markup(
        '<h1 style="font-size:20px;line-height:1.4;margin:24px 0 4px">{}</h1>'
        '<p style="margin:0">{}</p><p style="margin:0 0 8px;{}">{}</p>'
    ).format(
        report.title,
        shown_period(report.period, words),
        _SOFT,
        f"{words.text('page', 'as_of')} {shown_time(report.as_of, zone, words)} ({zone})",
    )
    notes = Markup("").join(
        Markup('<p style="margin:0 0 8px;font-size:13px;{}">{}</p>').format(_SOFT, note) for note in report.notes
    )
    blocks = Markup("").join(_block(block, words) for block in _without_days(report).blocks)
    return head + notes + blocks + _definitions(report, words)


def _without_days(report: Report) -> Report:
    """A chart's long series is for the page."""
    kept = tuple(block for block in report.blocks if block.drawing is not Drawing.LINES)
    return Report(**{name: getattr(report, name) for name in Report.__slots__} | {"blocks": kept})


def _block(block: Block, words: Words) -> Markup:
    title = Markup('<h2 style="font-size:16px;margin:20px 0 6px">{}</h2>').format(block.title)
    if not block.table.rows:
        nothing = block.nothing or words.text("page", "nothing")
        return title + Markup('<p style="margin:0;{}">{}</p>').format(_SOFT, nothing)
    columns = block.table.columns
    heads = Markup("").join(
        Markup('<th scope="col" style="{};{};min-width:32px;text-align:{}">{}</th>').format(
            _CELL, _SOFT, "left" if column.unit is None else "right", column.label
        )
        for column in columns
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                _cell(cell, column.unit is not None, words) for cell, column in zip(row, columns, strict=True)
            )
        )
        for row in block.table.rows[:MOST_ROWS]
    )
    left = len(block.table.rows) - MOST_ROWS
    notes = [*([words.text("page", "more_rows", number=left)] if left > 0 else []), *block.notes]
    below = Markup("").join(
        Markup('<p style="margin:4px 0;font-size:13px;{}">{}</p>').format(_SOFT, note) for note in notes
    )
    made = Markup(
        '<div style="overflow-x:auto"><table cellspacing="0" cellpadding="0" style="border-collapse:collapse;'
        'font-size:14px"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(heads, rows)
    return title + made + below


def _cell(cell: Cell, is_number: bool, words: Words) -> Markup:
    interval = shown_interval(cell, words) if isinstance(cell, Figure) else ""
    small = Markup('<br><span style="font-size:12px;{}">{}</span>').format(_SOFT, interval) if interval else ""
    align = "right;white-space:nowrap" if is_number else "left;min-width:80px"  # or one character per line
    return Markup('<td style="{};text-align:{}">{}{}</td>').format(_CELL, align, shown(cell, words), small)


def _definitions(report: Report, words: Words) -> Markup:
    if not report.definitions:
        return Markup("")
    lines = [
        Markup('<p style="margin:0 0 4px;font-size:13px"><b>{}</b> {} <span style="{}">{}</span></p>').format(
            one.term, one.meaning, _SOFT, one.formula
        )
        for one in report.definitions
    ]
    title = Markup('<h2 style="font-size:16px;margin:20px 0 6px">{}</h2>').format(words.text("page", "definitions"))
    return title + Markup("").join(lines)
