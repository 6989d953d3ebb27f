"""What the emails of templates brought: per template or version, with the robots apart. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sodate.reports.document import Block, Cell, Drawing, Report, Unit, share
from sodate.reports.frame import Drawn, Frame, Sheet, count


@dataclass(frozen=True)
class EmailFigures:
    """Numbers of emails. `opened` and `clicked` by people; `…_by_robots`: by robots only. None: not counted.

    An email of which nobody knows who clicked is in neither.
    """

    sent: int
    delivered: int
    opened: int
    clicked: int
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    converted: int | None = None
    opened_by_robots: int = 0
    clicked_by_robots: int = 0


@dataclass(frozen=True)
class EmailRow:
    """`name`: of a template, version, step or variant."""

    name: str
    figures: EmailFigures


@dataclass(frozen=True)
class LinkRow:
    """Emails in which the link was clicked, by people and by robots only."""

    link: str
    clicked: int
    by_robots: int


@dataclass(frozen=True)
class TemplateFigures:
    """`by`: what a row is: `template`, `version` …, a column of the catalog."""

    by: str
    rows: Sequence[EmailRow]
    links: Sequence[LinkRow] = field(default=())


_COUNTS = ("sent", "delivered", "opened", "clicked", "unsubscribed", "bounced", "complained", "converted")
TERMS = ("delivery_rate", "open_rate", "click_rate", "unsubscribe_rate", "bounce_rate", "robot_opens", "robot_clicks")


def template_report(figures: TemplateFigures, frame: Frame) -> Report:
    blocks = email_blocks(figures.by, figures.rows, frame)
    if figures.links:
        blocks.append(_links(figures.links, frame))
    return frame.report("template", blocks, definitions=frame.define(*TERMS), notes=[frame.text("people_only")])


def email_blocks(by: str, rows: Sequence[EmailRow], frame: Frame) -> list[Block]:
    """Rates, drawn as bars, and the numbers behind them."""
    rates = [_rates(row) for row in rows]
    units = [(by, None), ("sent", Unit.COUNT), *((term, Unit.PERCENT) for term in TERMS)]
    drawn = Drawn(Drawing.BARS, ("open_rate", "click_rate"))
    return [
        Sheet("email_rates", units, rates, drawn).block(frame),
        _numbers(by, rows, frame),
    ]


def _numbers(by: str, rows: Sequence[EmailRow], frame: Frame) -> Block:
    """Without the column of conversions where nobody counts them."""
    has_conversions = any(row.figures.converted is not None for row in rows)
    names = [name for name in _COUNTS if name != "converted" or has_conversions]
    counts: list[tuple[Cell, ...]] = [
        (row.name, *(count(getattr(row.figures, name)) for name in names)) for row in rows
    ]
    return Sheet("email_counts", [(by, None), *((name, Unit.COUNT) for name in names)], counts).block(frame)


def _rates(row: EmailRow) -> tuple[Cell, ...]:
    one = row.figures
    return (
        row.name,
        count(one.sent),
        share(one.delivered, one.sent),
        share(one.opened, one.delivered),
        share(one.clicked, one.delivered),
        share(one.unsubscribed, one.delivered),
        share(one.bounced, one.sent),
        share(one.opened_by_robots, one.opened + one.opened_by_robots),
        share(one.clicked_by_robots, one.clicked + one.clicked_by_robots),
    )


def _links(links: Sequence[LinkRow], frame: Frame) -> Block:
    rows = [(one.link, count(one.clicked), count(one.by_robots)) for one in links]
    columns = [("link", None), ("clicked", Unit.COUNT), ("by_robots", Unit.COUNT)]
    return Sheet("links", columns, rows, Drawn(Drawing.BARS, ("clicked",))).block(frame)
