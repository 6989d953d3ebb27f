"""A block of a report as HTML: table, tiles, and the place where the script draws. Every text is escaped. Pure."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sodate.reports.as_text import with_interval
from sodate.reports.document import Block, Cell, Column, Definition, Drawing, Figure
from sodate.reports.numbers import major, shown, shown_interval
from sodate.web.report_markup import paragraph, scroller
from sodate.web.words import Words

#: Drawn by the script from the table.
_CHARTS = (Drawing.BARS, Drawing.LINES, Drawing.FUNNEL)
Meanings = Mapping[str, Definition]


def block_markup(block: Block, target: str, meanings: Meanings, words: Words) -> Markup:
    """`target`: the id of the section. `meanings`: of terms; a row that begins with one shows its meaning beside it."""
    parts: list[Markup] = []
    if block.drawing is Drawing.TILES:
        parts.append(_tiles(block, words))
    if block.table.rows:
        chart, table = _chart(block, words), _table(block, meanings, words)
        is_open = block.drawing is not Drawing.TILES
        parts += [*chart, _folded(table, words, is_open=is_open) if chart or not is_open else table]
    else:
        parts.append(paragraph(block.nothing or words.text("page", "nothing"), "soft"))
    parts += [paragraph(note, "soft") for note in block.notes]
    return Markup('<section id="{}"><h2>{}</h2>{}</section>').format(target, block.title, Markup("").join(parts))


def definitions_markup(definitions: Sequence[Definition], words: Words) -> Markup:
    if not definitions:
        return Markup("")
    entries = [
        Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(
            one.term, one.meaning, Markup("<code>{}</code>").format(one.formula) if one.formula else ""
        )
        for one in definitions
    ]
    return Markup('<section><h2>{}</h2><dl class="terms">{}</dl></section>').format(
        words.text("page", "definitions"), Markup("").join(entries)
    )


def _tiles(block: Block, words: Words) -> Markup:
    """The drawn figures in large type, below them interval and further columns. They stand in the table again."""
    column = block.table.column(block.drawn[0])
    others = [number for number in range(1, len(block.table.columns)) if number != column]
    tiles = []
    for row in block.table.rows:
        cell = row[column]
        lines = [shown_interval(cell, words) if isinstance(cell, Figure) else ""]
        lines += [
            f"{block.table.columns[one].label} {shown(row[one], words)}" for one in others if row[one] is not None
        ]
        small = Markup("").join(Markup("<small>{}</small>").format(line) for line in lines if line)
        undefined = Markup(' class="no"') if isinstance(cell, Figure) and cell.value is None else ""
        tiles.append(
            Markup("<div><dt>{}</dt><dd{}>{}{}</dd></div>").format(row[0], undefined, shown(cell, words), small)
        )
    return Markup('<dl class="tiles">{}</dl>').format(Markup("").join(tiles))


def _chart(block: Block, words: Words) -> list[Markup]:
    """Empty and hidden until the script draws. Two currencies have no common axis."""
    columns = [block.table.column(one) for one in block.drawn]
    cells = [cell for row in block.table.rows for one in columns if isinstance(cell := row[one], Figure) and cell.value]
    if block.drawing not in _CHARTS or not cells or len({cell.currency for cell in cells}) > 1:
        return []
    return [
        Markup(
            '<figure class="chart" hidden data-drawing="{}" data-columns="{}" data-more="{}" data-scale="{}">'
            '<div class="plot-area" role="img" aria-label="{}"></div></figure>'
        ).format(
            block.drawing,
            ",".join(map(str, columns)),
            words.text("page", "not_all_drawn"),
            words.text("page", "not_to_scale"),
            words.text("page", "chart_of", title=block.title),
        )
    ]


def _table(block: Block, meanings: Meanings, words: Words) -> Markup:
    columns, tints = block.table.columns, _tints(block)
    heads = [
        Markup('<th scope="col"{}{}>{}</th>').format(_class(column), _unit(column), column.label) for column in columns
    ]
    rows = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                _cell(cell, column, tints.get((place, number)), meanings if number == 0 else {}, words)
                for number, (cell, column) in enumerate(zip(row, columns, strict=True))
            )
        )
        for place, row in enumerate(block.table.rows)
    ]
    made = Markup("<table{}><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        Markup(' class="heat"') if tints else "", block.title, Markup("").join(heads), Markup("").join(rows)
    )
    return scroller(words.text("page", "scroll", title=block.title), made)


def _folded(table: Markup, words: Words, *, is_open: bool) -> Markup:
    """Below what is drawn. The script closes a long one."""
    return Markup('<details class="figures"{}><summary>{}</summary>{}</details>').format(
        Markup(" open") if is_open else "", words.text("page", "figures"), table
    )


def _cell(cell: Cell, column: Column, tint: float | None, meanings: Meanings, words: Words) -> Markup:
    if column.unit is None:
        text = shown(cell, words)
        meaning = meanings.get(text)
        small = Markup("<small>{}</small>").format(meaning.formula or meaning.meaning) if meaning else ""
        tag = "th" if meanings or small else "td"
        return Markup("<{0}{1}>{2}{3}</{0}>").format(tag, Markup(' scope="row"') if tag == "th" else "", text, small)
    value = major(cell) if isinstance(cell, Figure) else None
    data = Markup(' data-v="{}"').format(value) if value is not None else ""
    tinted = Markup(' style="--t:{:.3f}"').format(tint) if tint is not None else ""
    undefined = isinstance(cell, Figure) and cell.is_not_defined
    return Markup('<td class="n{}"{}{}>{}</td>').format(" no" if undefined else "", data, tinted, _shown(cell, words))


def _shown(cell: Cell, words: Words) -> Markup | str:
    interval = shown_interval(cell, words) if isinstance(cell, Figure) else ""
    if not interval:
        return with_interval(cell, words)
    return Markup("{} <small>{}</small>").format(shown(cell, words), interval)


def _tints(block: Block) -> dict[tuple[int, int], float]:
    """Row and column → 0 to 1 of the largest drawn value. Percentages are compared with percentages only."""
    if block.drawing is not Drawing.HEAT_MAP:
        return {}
    drawn = [block.table.column(one) for one in block.drawn]
    values = {
        (place, column): float(cell.value)
        for place, row in enumerate(block.table.rows)
        for column in drawn
        if isinstance(cell := row[column], Figure) and cell.value is not None
    }
    top = max(values.values(), default=0.0)
    return {at: max(0.0, value / top) for at, value in values.items()} if top > 0 else {}


def _class(column: Column) -> Markup:
    return Markup(' class="n"') if column.unit is not None else Markup("")


def _unit(column: Column) -> Markup:
    return Markup(' data-unit="{}"').format(column.unit) if column.unit is not None else Markup("")
