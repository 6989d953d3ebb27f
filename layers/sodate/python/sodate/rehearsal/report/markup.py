"""The table of an HTML page: every text is escaped. Pure."""

from markupsafe import Markup

from sodate.rehearsal.report.catalogs import shown
from sodate.rehearsal.report.tables import Cell, Table
from sodate.web.report_markup import scroller


def table(content: Table) -> Markup:
    """Empty without a row."""
    if not content.rows:
        return Markup("")
    numeric = [all(not isinstance(row[column], str) for row in content.rows) for column in range(len(content.columns))]
    heads = [
        Markup('<th scope="col"{}>{}</th>').format(_style(is_number), head)
        for head, is_number in zip(content.columns, numeric, strict=True)
    ]
    rows = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(_cell(cell, index, numeric[index]) for index, cell in enumerate(row))
        )
        for row in content.rows
    ]
    body = Markup("<caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody>").format(
        content.title, Markup("").join(heads), Markup("").join(rows)
    )
    return scroller(content.title, Markup("<table>{}</table>").format(body))


def _cell(cell: Cell, index: int, is_number: bool) -> Markup:
    if index == 0:
        return Markup('<th scope="row">{}</th>').format(shown(cell))
    return Markup("<td{}>{}</td>").format(_style(is_number), shown(cell))


def _style(is_number: bool) -> Markup:
    return Markup(' class="n"') if is_number else Markup("")
