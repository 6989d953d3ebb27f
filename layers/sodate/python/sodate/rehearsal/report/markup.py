"""Parts of an HTML page: every text is escaped. Pure."""

from markupsafe import Markup

from sodate.rehearsal.report.catalogs import shown
from sodate.rehearsal.report.tables import Cell, Table


def table(content: Table) -> Markup:
    """Empty without a row. Wide tables scroll sideways by themselves, by keyboard too."""
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


def scroller(label: str, content: Markup) -> Markup:
    return Markup('<div class="scroll" role="group" tabindex="0" aria-label="{}">{}</div>').format(label, content)


def section(name: str, title: str, *content: Markup) -> Markup:
    """`name`: the target of links to it."""
    return Markup('<section id="{}"><h2>{}</h2>{}</section>').format(name, title, Markup("").join(content))


def paragraph(text: str, style: str = "") -> Markup:
    return Markup("<p{}>{}</p>").format(Markup(' class="{}"').format(style) if style else "", text)


def items(lines: list[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(line) for line in lines))


def _cell(cell: Cell, index: int, is_number: bool) -> Markup:
    if index == 0:
        return Markup('<th scope="row">{}</th>').format(shown(cell))
    return Markup("<td{}>{}</td>").format(_style(is_number), shown(cell))


def _style(is_number: bool) -> Markup:
    return Markup(' class="n"') if is_number else Markup("")
